"""A function as `sam build` left it, under Lambda's own runtime client, without a container engine.

It sees Python's standard library, its built code and its built layers, and nothing else of this machine
(`python -S`): a package that is missing in a layer is missing here.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from local.template import Template

__all__ = ["BuiltFunction", "Runtime"]

_RUNTIME_LAYERS = {
    "x86_64": "RuntimeLayerX8664",
    "amd64": "RuntimeLayerX8664",
    "aarch64": "RuntimeLayerArm64",
    "arm64": "RuntimeLayerArm64",
}
_START_SECONDS = 10.0
_INVOKE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What runs built functions.

    Attributes:
        build_dir: where `sam build` put functions and layers.
        python: the interpreter that the layers were built for.
        rie: the runtime interface emulator (it comes with the SAM CLI).
        ric: the folder of awslambdaric, the runtime's Python client.
    """

    build_dir: Path
    python: str
    rie: Path
    ric: Path

    @staticmethod
    def add_arguments(parser: argparse.ArgumentParser) -> None:
        """Add the options that say where all that is."""
        parser.add_argument("--build-dir", type=Path, required=True, help="where `sam build` put functions and layers")
        parser.add_argument("--python", default=sys.executable, help="the interpreter that the layers were built for")
        parser.add_argument("--rie", type=Path, required=True, help="the runtime interface emulator (of the SAM CLI)")
        parser.add_argument("--ric", type=Path, required=True, help="folder of awslambdaric, the runtime's client")

    @classmethod
    def of(cls, arguments: argparse.Namespace) -> Self:
        """Read these options."""
        return cls(
            build_dir=arguments.build_dir.resolve(),
            python=arguments.python,
            rie=arguments.rie,
            ric=arguments.ric.resolve(),
        )

    @property
    def layers(self) -> list[Path]:
        """The built layers, as the template gives them to every function."""
        names = ("ArtifactStoreLayer", _RUNTIME_LAYERS[platform.machine().lower()])
        return [self.build_dir / name / "python" for name in names]

    def start(
        self, template: Template, name: str, values: Mapping[str, str], *, log: Path, instead: Path | None = None
    ) -> BuiltFunction:
        """Start a function of the template, which is initialised by its first event, as Lambda does.

        Args:
            template: where the function is described.
            name: its logical id.
            values: environment variables; it gets those that the template declares for it, and AWS's own.
            log: the file for everything that it writes.
            instead: a Python file with a `handler`, to run in its place with the same layers and all the values.
        """
        function = template.functions[name]
        code = instead.parent if instead else self.build_dir / name
        path = [code, *self.layers, self.ric]
        missing = [str(folder) for folder in path if not folder.is_dir()]
        if missing:
            raise SystemExit(f"Not built: {', '.join(missing)}")
        environment = {
            **{key: value for key, value in values.items() if key.startswith("AWS_")},
            **{key: value for key, value in values.items() if instead or key in function.environment},
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_seconds),
        }
        handler = f"{instead.stem}.handler" if instead else function.handler
        runtime = [self.python, *("-S", "-B", "-m", "awslambdaric"), handler]
        return BuiltFunction(name=name, rie=self.rie, runtime=runtime, environment=environment, log=log)


class BuiltFunction:
    """One built function in the runtime interface emulator, in an execution environment of its own."""

    def __init__(self, *, name: str, rie: Path, runtime: list[str], environment: Mapping[str, str], log: Path) -> None:
        """Start it; see `Runtime.start`."""
        self.name = name
        self._log = log
        address, runtime_api = f"127.0.0.1:{_free_port()}", f"127.0.0.1:{_free_port()}"
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                [
                    str(rie),
                    "--runtime-interface-emulator-address",
                    address,
                    "--runtime-api-address",
                    runtime_api,
                    *runtime,
                ],
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
            with urllib.request.urlopen(request, timeout=_INVOKE_SECONDS) as response:  # noqa: S310 - our own URL
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
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex((host, int(port))) == 0:
                    return
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.name} does not start:\n{self.log}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
