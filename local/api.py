"""The local API for tests: a server process of its own, with its emulator."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from local.provision import empty
from local.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from local.emulator import Emulator

_START_SECONDS = 90.0
_STOP_SECONDS = 60.0


class LocalApi:
    """The API on a free port, as `python -m local` serves it.

    ```python
    with LocalApi() as api:
        httpx.get(f"{api.url}/v1/health")
    ```

    The server runs in a process of its own, and that starts the emulator in another; both end with this one, however it
    ends. The attributes are there once it has started.

    Attributes:
        url: the API's base URL.
        aws_endpoint_url: the emulator's URL, for a test that looks at S3 and DynamoDB itself.
        bucket_name: the bucket of records.
        table_name: the index table.
        idempotency_table_name: Powertools' table.
        environment: what the functions run with.
        log_path: the functions' JSON logs.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        data_dir: str | os.PathLike[str] | None = None,
        emulator: Emulator | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare an API.

        Args:
            port: where it listens; 0 takes a free port, the same one after a restart.
            data_dir: where data is kept; in memory when `None`.
            emulator: one that runs already and outlives this API, in place of an own one.
            environment: variables of the functions, over those of the template.
        """
        self._port = port
        self._data_dir = data_dir
        self._emulator = emulator
        self._overrides = dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self.url = ""
        self.environment: dict[str, str] = {}
        self.log_path = Path(os.devnull)

    @property
    def aws_endpoint_url(self) -> str:
        """Where AWS clients find the storage."""
        return self.environment["AWS_ENDPOINT_URL"]

    @property
    def bucket_name(self) -> str:
        """The bucket of records."""
        return self.environment["BUCKET_NAME"]

    @property
    def table_name(self) -> str:
        """The index table."""
        return self.environment["INDEX_TABLE_NAME"]

    @property
    def idempotency_table_name(self) -> str:
        """Powertools' table."""
        return self.environment["IDEMPOTENCY_TABLE_NAME"]

    @property
    def pid(self) -> int | None:
        """The server's process id, `None` while it does not run."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Start the server and wait until it answers. After `kill` and `stop` it may be started again.

        Raises:
            RuntimeError: it does not start; the text has what it said.
        """
        if self._scratch is None:
            self._scratch = tempfile.TemporaryDirectory(prefix="artifact-api-", ignore_cleanup_errors=True)
        scratch = Path(self._scratch.name)
        self.log_path = scratch / "functions.log"
        complaints = scratch / "stderr.log"
        with complaints.open("wb") as stderr:
            self._process = subprocess.Popen(
                self._command(),
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,  # a Ctrl-C in the tests is the tests' alone
            )
        ready = self._first_line()
        if not ready:
            reason = complaints.read_text(errors="replace")
            self.kill()
            self.stop()
            raise RuntimeError(f"The local API does not start:\n{reason}")
        answer = json.loads(ready)
        self.url = answer["url"]
        self._port = int(self.url.rpartition(":")[2])
        self.environment = answer["environment"]
        return self

    def stop(self) -> None:
        """Stop it as Ctrl-C does: requests finish, data is saved, no process and no log is left."""
        self._end(kill=False)
        if self._scratch:
            self._scratch.cleanup()
            self._scratch = None

    def kill(self) -> None:
        """End the server at once, as a crash does.

        Its emulator notices, saves and ends too; one that was handed in goes on.
        """
        self._end(kill=True)

    def reset(self) -> None:
        """Delete everything that was saved."""
        empty(self.environment)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "local", "--json", "--stop-with-stdin"]
        command += ["--port", str(self._port), "--log", str(self.log_path)]
        command += ["--in-memory"] if self._data_dir is None else ["--data-dir", str(Path(self._data_dir).resolve())]
        command += ["--aws-endpoint-url", self._emulator.url] if self._emulator else []
        for name, value in self._overrides.items():
            command += ["--set", f"{name}={value}"]
        return command

    def _first_line(self) -> bytes:
        """What the server says when it is ready; nothing when it ended or took too long."""
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("The local API was not started.")
        out = self._process.stdout.fileno()
        deadline = time.monotonic() + _START_SECONDS
        line = b""
        while not line.endswith(b"\n") and (left := deadline - time.monotonic()) > 0:
            if select.select([out], [], [], left)[0]:
                piece = os.read(out, 65_536)
                if not piece:
                    return b""
                line += piece
        return line if line.endswith(b"\n") else b""

    def _end(self, *, kill: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        else:
            process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()
