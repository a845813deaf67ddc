"""Runs what `sam build` built under Lambda's own runtime client, without a container engine.

Every event of `events/` goes to the function that its route names. The function sees Python's standard library, its
built code and its built layers, and nothing else of this machine (`python -S`): a package that is missing in a layer is
missing here. Storage is the emulator.
"""

# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from local.emulator import Emulator
from local.provision import provision
from local.template import Template

ROOT = Path(__file__).resolve().parent.parent

# Saves come before loads, deletions last.
ORDER = (
    "health",
    "save_artifact",
    "save_text",
    "save_user_artifact",
    "load_artifact",
    "load_user_artifact",
    "load_version",
    "head_artifact",
    "head_version",
    "describe_version",
    "list_versions",
    "list_artifacts",
    "list_user_artifacts",
    "delete_artifact",
    "delete_user_artifact",
)
RUNTIME_LAYERS = {
    "x86_64": "RuntimeLayerX8664",
    "amd64": "RuntimeLayerX8664",
    "aarch64": "RuntimeLayerArm64",
    "arm64": "RuntimeLayerArm64",
}
START_SECONDS = 10.0
INVOKE_SECONDS = 60.0


class Function:
    """One built function in the runtime interface emulator, in an execution environment of its own."""

    def __init__(self, *, name: str, command: list[str], environment: dict[str, str], log: Path) -> None:
        """Start it; the function itself is initialised by its first event, as Lambda does."""
        self.name = name
        self._log = log
        address, runtime_api = f"127.0.0.1:{_free_port()}", f"127.0.0.1:{_free_port()}"
        rie, *runtime = command
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                [rie, "--runtime-interface-emulator-address", address, "--runtime-api-address", runtime_api, *runtime],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # it does not end its children: the group is ended as a whole
            )
        self._url = f"http://{address}/2015-03-31/functions/function/invocations"
        self._wait_for(address)

    def invoke(self, event: dict[str, Any]) -> dict[str, Any]:
        """Send one event and return the answer, or what Lambda says of a function that gave none."""
        request = urllib.request.Request(self._url, data=json.dumps(event).encode())  # noqa: S310 - our own URL
        try:
            with urllib.request.urlopen(request, timeout=INVOKE_SECONDS) as response:  # noqa: S310 - our own URL
                answer: dict[str, Any] = json.load(response)
        except (OSError, ValueError, http.client.HTTPException) as error:
            return {"errorType": "NoAnswer", "errorMessage": f"{error}; its log is below"}
        return answer

    @property
    def init_milliseconds(self) -> float | None:
        """How long the function took to be initialised, as Lambda reports it."""
        found = re.search(r"INIT REPORT\(durationMs: ([0-9.]+)\)", self.log)
        return float(found[1]) if found else None

    @property
    def log(self) -> str:
        """Everything the function and its runtime wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """End it."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _wait_for(self, address: str) -> None:
        host, port = address.split(":")
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.name} does not start:\n{self.log}")


def main() -> int:
    """Invoke every function and print what it answered."""
    arguments = _arguments()
    template = Template.load()
    route_functions = {route.key: route.function for route in template.routes}
    settings: dict[str, str] = json.loads((ROOT / "events" / "env.json").read_text(encoding="utf-8"))["Parameters"]
    failures = 0
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artifact-invoke-")))
        emulator = stack.enter_context(Emulator())
        storage = provision(template, emulator.url)
        functions: dict[str, Function] = {}
        print(f"{'event':<22}{'function':<16}{'status':<8}{'ms':>7}  body")
        for name in arguments.events or ORDER:
            event = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
            function_name = route_functions[event["routeKey"]]
            if function_name not in functions:
                functions[function_name] = Function(
                    name=function_name,
                    command=[
                        str(arguments.rie),
                        arguments.python,
                        *("-S", "-B", "-m", "awslambdaric"),
                        template.functions[function_name].handler,
                    ],
                    environment=_environment(
                        template, function_name, arguments, settings | storage | {"AUTH_MODE": settings["AUTH_MODE"]}
                    ),
                    log=scratch / f"{function_name}.log",
                )
                stack.callback(functions[function_name].stop)
            started = time.perf_counter()
            answer = functions[function_name].invoke(event)
            milliseconds = (time.perf_counter() - started) * 1000
            status = answer.get("statusCode", "error")
            print(f"{name:<22}{function_name:<16}{status:<8}{milliseconds:>7.1f}  {_first_line(answer)}")
            if not isinstance(status, int) or status >= 400:  # noqa: PLR2004 - HTTP
                failures += 1
        print()
        for function in functions.values():
            print(f"cold start of {function.name}: {function.init_milliseconds or float('nan'):.0f} ms")
            if failures or arguments.logs:
                print(function.log)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, required=True, help="where `sam build` put the functions and layers")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that the layers were built for")
    parser.add_argument(
        "--rie", type=Path, required=True, help="the runtime interface emulator (it comes with the SAM CLI)"
    )
    parser.add_argument("--ric", type=Path, required=True, help="folder of awslambdaric, the runtime's Python client")
    parser.add_argument("--logs", action="store_true", help="print the functions' logs")
    parser.add_argument("events", nargs="*", help="names of events; all of them unless given")
    return parser.parse_args()


def _environment(
    template: Template, function: str, arguments: argparse.Namespace, values: dict[str, str]
) -> dict[str, str]:
    """The function's variables as the template declares them, AWS's own, and nothing of this machine's."""
    build: Path = arguments.build_dir.resolve()
    layers = ("ArtifactStoreLayer", RUNTIME_LAYERS[platform.machine().lower()])
    path = [build / function, *(build / layer / "python" for layer in layers), arguments.ric.resolve()]
    missing = [str(folder) for folder in path if not folder.is_dir()]
    if missing:
        raise SystemExit(f"Not built: {', '.join(missing)}")
    declared = {name: values[name] for name in template.functions[function].environment if name in values}
    return {
        **declared,
        **{name: value for name, value in values.items() if name.startswith("AWS_")},
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, path)),
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(template.functions[function].memory_mb),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(template.functions[function].timeout_seconds),
    }


def _first_line(answer: dict[str, Any]) -> str:
    if "errorMessage" in answer:
        return f"{answer.get('errorType', '')}: {answer['errorMessage']}"
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        return f"<{len(base64.b64decode(body))} bytes>"
    return (body.splitlines() or [""])[0][:120]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
