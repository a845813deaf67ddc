"""`python -m local`: serve the API on this machine until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from local.console import Console
from local.emulator import Emulator, EmulatorError
from local.gateway import Gateway
from local.provision import clear_aws_settings, provision
from local.server import PortInUseError, listen, serve
from local.template import ROOT, Template

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal comes; returns the exit code."""
    options = _parser().parse_args(arguments)
    console = Console()
    # SIGTERM unwinds like Ctrl-C does, so that the emulator is stopped and saves its state.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    if options.stop_with_stdin:
        threading.Thread(target=_stop_with_stdin, daemon=True).start()
    try:
        _run(options, console)
    except (EmulatorError, PortInUseError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if not options.json:
            console.say("\nStopped.")
    return 0


def _run(options: argparse.Namespace, console: Console) -> None:
    data_dir = None if options.in_memory else Path(options.data_dir).resolve()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(listen(options.port))
        if options.aws_endpoint_url:
            endpoint_url = options.aws_endpoint_url
        else:
            if not options.json:
                console.say("Starting the embedded S3 and DynamoDB…")
            endpoint_url = stack.enter_context(Emulator(data_dir=data_dir)).url
        log = options.log or (str(data_dir / "functions.log") if data_dir else os.devnull)
        if not options.verbose:
            stack.enter_context(contextlib.redirect_stdout(stack.enter_context(_open_log(log))))
        logging.basicConfig(level=logging.WARNING, stream=sys.stdout)

        template = Template.load(options.template)
        clear_aws_settings()
        environment = provision(template, endpoint_url) | dict(options.set)
        os.environ.update(environment)
        sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "layers" / "artifact_store")]
        gateway = Gateway(template)
        gateway.load_handlers()

        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if options.json:
            console.say(json.dumps({"url": url, "environment": environment, "log": log}))
        else:
            console.welcome(url=url, data_dir=data_dir, log="here" if options.verbose else log)
        serve(gateway, listener, on_answer=None if options.json else console.on_answer())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Serve the artifact API on this machine: the real handlers, with the routes of template.yaml, "
        "over an embedded S3 and DynamoDB. It listens on 127.0.0.1 only and asks nobody to sign in.",
        epilog="Data survives a restart, also after this process was killed. Only a kill -9 of the emulator itself, "
        "or a power cut, loses what was indexed since the start; the objects are on disk even then.",
    )
    parser.add_argument("--port", type=int, default=8080, help="where to listen; 0 takes a free port (default: 8080)")
    keep = parser.add_mutually_exclusive_group()
    keep.add_argument("--data-dir", default=".data", metavar="DIR", help="where data is kept (default: .data)")
    keep.add_argument("--in-memory", action="store_true", help="keep nothing")
    parser.add_argument("--verbose", action="store_true", help="show the functions' JSON logs and metrics here")
    parser.add_argument("--log", metavar="FILE", help="where they go otherwise (default: DIR/functions.log)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        type=_variable,
        metavar="NAME=VALUE",
        help="set an environment variable of the functions; may be repeated",
    )
    parser.add_argument("--template", type=Path, metavar="FILE", help="another template than template.yaml")
    parser.add_argument("--aws-endpoint-url", metavar="URL", help="use an emulator that runs already")
    parser.add_argument("--json", action="store_true", help="for programs: print one JSON line when ready")
    parser.add_argument("--stop-with-stdin", action="store_true", help="for programs: stop when standard input closes")
    return parser


def _variable(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _open_log(path: str) -> TextIO:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    return open(path, "w", buffering=1, encoding="utf-8")  # noqa: PTH123 - the caller closes it


def _stop_with_stdin() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
