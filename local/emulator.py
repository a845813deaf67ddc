"""ministack (S3, DynamoDB and more) as a child process."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Self

from local.template import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
# How long to wait for one that is just saving its state.
_LOCK_SECONDS = 15.0
_ATTEMPTS = 3

# Nobody checks the keys of a call, but those of a signed URL: this is the one pair that the emulator knows.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}


class EmulatorError(Exception):
    """The emulator is not installed, does not start, or its data folder is in use. The text says what to do."""


class Emulator:
    """S3 and DynamoDB on loopback, in a process that ends with this one.

    With a `data_dir` everything outlives a restart. Objects are on disk as soon as a save answers; tables and the
    bucket's settings are written when the emulator stops, which it also does, orderly, when its starter is killed.
    Only a `kill -9` of the emulator itself, or a power cut, loses what the tables took in since it started.

    Attributes:
        url: where AWS clients find it, for `AWS_ENDPOINT_URL`.
        pid: its process id, `None` while it does not run.
    """

    def __init__(self, *, data_dir: str | os.PathLike[str] | None = None) -> None:
        """Prepare an emulator.

        Args:
            data_dir: where it keeps everything; in memory only when `None`.
        """
        self._data_dir = Path(data_dir).resolve() if data_dir is not None else None
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self.url = ""

    @property
    def pid(self) -> int | None:
        """The emulator's process id."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            EmulatorError: it is not installed, does not start, or another process holds the data folder.
        """
        python = _python()
        self._scratch = tempfile.TemporaryDirectory(prefix="artifact-emulator-", ignore_cleanup_errors=True)
        try:
            with contextlib.ExitStack() as stack:
                lock = stack.enter_context(_lock(self._data_dir)) if self._data_dir else None
                self._start_somewhere(python, lock)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop it by SIGTERM, on which it saves its state, and wait for its end."""
        self._end_process()
        if self._scratch:
            self._scratch.cleanup()
            self._scratch = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _start_somewhere(self, python: Path, lock: int | None) -> None:
        for _ in range(_ATTEMPTS):  # another process may take the free port first
            if self._start_once(python, _free_port(), lock):
                return
            self._end_process()
        words = self._log.read_text(errors="replace").splitlines()[-15:]
        raise EmulatorError("\n".join(["The emulator does not start. Its last words:", *words]))

    def _start_once(self, python: Path, port: int, lock: int | None) -> bool:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [python, Path(__file__).with_name("emulator_process.py")],
                env=self._environment(port),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A Ctrl-C reaches the whole foreground group: the server must finish its requests first.
                start_new_session=True,
                # The data folder stays locked exactly as long as the emulator lives.
                pass_fds=() if lock is None else (lock,),
            )
        self.url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=1):  # noqa: S310 - our own URL
                    return True
            except OSError:
                time.sleep(0.02)
        return False

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()

    def _environment(self, port: int) -> dict[str, str]:
        scratch = self._log.parent
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "TMPDIR": str(scratch),
            "PYTHONUNBUFFERED": "1",
            "BIND_HOST": "127.0.0.1",  # its default is every interface
            "GATEWAY_PORT": str(port),
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "LOG_LEVEL": "WARNING",
            "STATE_DIR": str(scratch / "state"),
        }
        if self._data_dir:
            environment |= {
                "PERSIST_STATE": "1",
                "STATE_DIR": str(self._data_dir / "state"),
                "S3_PERSIST": "1",
                "S3_DATA_DIR": str(self._data_dir / "objects"),
            }
        return environment

    @property
    def _log(self) -> Path:
        if self._scratch is None:
            raise RuntimeError("The emulator was not started.")
        return Path(self._scratch.name) / "emulator.log"


def _python() -> Path:
    python = Path(os.environ.get("MINISTACK_PYTHON") or ROOT / ".tools" / "emulator" / "bin" / "python")
    if not python.exists():
        raise EmulatorError(f"No emulator at {python}. Run `make setup`, or name its Python in MINISTACK_PYTHON.")
    return python


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _lock(data_dir: Path) -> Iterator[int]:
    """Lock the folder against a second emulator, waiting for one that is just saving its state."""
    data_dir.mkdir(parents=True, exist_ok=True)
    lock = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise EmulatorError(
                        f"{data_dir} is in use by another local API. Stop that one or choose another --data-dir."
                    ) from None
                time.sleep(0.05)
        yield lock
    finally:
        os.close(lock)
