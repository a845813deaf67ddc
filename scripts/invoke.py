"""Runs what `sam build` built under Lambda's own runtime client, without a container engine.

Every event of `events/` goes to the function that its route names, those of `events/maintenance/` to the function that
bears their name. The function sees Python's standard library, its built code and its built layers, and nothing else of
this machine (`python -S`): a package that is missing in a layer is missing here. Storage is the emulator.
"""

# ruff: noqa: INP001, T201 - a script that prints

from __future__ import annotations

import argparse
import base64
import json
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from local.built import BuiltFunction, Runtime
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
    "create_link",
    "list_versions",
    "list_artifacts",
    "list_user_artifacts",
    "begin_upload",
    "sign_upload_parts",
    "describe_upload",
    "finalize_upload",
    "begin_upload",
    "abort_upload",
    "batch_save",
    "batch_load",
    "batch_describe",
    "batch_delete",
    "delete_artifact",
    "delete_user_artifact",
    "delete_session",
    "delete_user",
    "describe_deletion",
)
MAINTENANCE = ("heal", "purge", "expire", "erase", "reconcile", "rebuild", "adopt")
UPLOADED = b"hello"
TRACED = ("list_artifacts", True)


def main() -> int:
    """Invoke every function and print what it answered."""
    arguments = _arguments()
    runtime = Runtime.of(arguments)
    template = Template.load()
    route_functions = {route.key: route.function for route in template.routes}
    settings: dict[str, str] = json.loads((ROOT / "events" / "env.json").read_text(encoding="utf-8"))["Parameters"]
    failures = 0
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="artifact-invoke-")))
        emulator = stack.enter_context(Emulator())
        storage = provision(template, emulator.url)
        functions: dict[tuple[str, bool], BuiltFunction] = {}
        upload_id, job_id = "UPLOAD_ID", "JOB_ID"
        print(f"{'event':<22}{'function':<18}{'status':<8}{'ms':>7}  body")
        for name, traced in [*((name, False) for name in arguments.events or (*ORDER, *MAINTENANCE)), TRACED]:
            folder = ROOT / "events" / ("maintenance" if name in MAINTENANCE else "")
            text = (folder / f"{name}.json").read_text(encoding="utf-8")
            event = json.loads(text.replace("UPLOAD_ID", upload_id).replace("JOB_ID", job_id))
            function_name = (
                f"{name.capitalize()}Function" if name in MAINTENANCE else route_functions[event["routeKey"]]
            )
            function = functions.get((function_name, traced))
            if function is None:
                values = {
                    **settings,
                    **storage,
                    "AUTH_MODE": settings["AUTH_MODE"],
                    # Nobody works a queue off here, so the delete function deletes the user itself.
                    "ERASE_QUEUE_URL": "",
                    "TRACING": "on" if traced else "off",
                }
                log = scratch / f"{function_name}-{len(functions)}.log"
                function = functions[function_name, traced] = runtime.start(template, function_name, values, log=log)
                stack.callback(function.stop)
            started = time.perf_counter()
            answer = function.invoke(event)
            milliseconds = (time.perf_counter() - started) * 1000
            failed = _failed(answer, is_http=name not in MAINTENANCE)
            status = answer.get("statusCode", "error" if failed else "ok")
            print(f"{name:<22}{function_name:<18}{status:<8}{milliseconds:>7.1f}  {_first_line(answer)}")
            failures += failed
            if name == "begin_upload" and not failed:
                upload_id = json.loads(answer["body"])["uploadId"]
            if name == "delete_user" and not failed:
                job_id = json.loads(answer["body"])["jobId"]
            if name == "sign_upload_parts" and not failed:
                _upload(json.loads(answer["body"])["parts"])
        print()
        for (function_name, traced), function in functions.items():
            title = f"{function_name}, traced" if traced else function_name
            print(f"cold start of {title}: {function.init_milliseconds or float('nan'):.0f} ms")
            if failures or arguments.logs:
                print(function.log)
    return 1 if failures else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    Runtime.add_arguments(parser)
    parser.add_argument("--logs", action="store_true", help="print the functions' logs")
    parser.add_argument("events", nargs="*", help="names of events; all of them unless given")
    return parser.parse_args()


def _upload(parts: list[dict[str, Any]]) -> None:
    """Send the parts that were signed."""
    for part in parts:
        signed = part["request"]
        request = urllib.request.Request(  # noqa: S310 - the emulator's own URL
            signed["url"], data=UPLOADED, headers=signed["headers"], method=signed["method"]
        )
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310
            pass


def _failed(answer: dict[str, Any], *, is_http: bool) -> bool:
    if is_http:
        return not 200 <= answer.get("statusCode", 500) < 400  # noqa: PLR2004 - HTTP
    return "errorType" in answer or bool(answer.get("batchItemFailures"))


def _first_line(answer: dict[str, Any]) -> str:
    if "errorMessage" in answer:
        return f"{answer.get('errorType', '')}: {answer['errorMessage']}"
    if "statusCode" not in answer:
        return json.dumps(answer)[:120]
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        return f"<{len(base64.b64decode(body))} bytes>"
    return (body.splitlines() or [""])[0][:120]


if __name__ == "__main__":
    sys.exit(main())
