"""SeaweedFS and DynamoDB Local as child processes that keep nothing."""

from __future__ import annotations

import contextlib
import os
import random
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar, Self

from tests.second_opinion import enclosure

TOOLS = Path(__file__).parents[2] / ".tools"
START_SECONDS = 60.0
STOP_SECONDS = 1.0
# Each part of SeaweedFS has a second port, for gRPC, this much above its first.
GRPC_OFFSET = 10_000


class ServerError(Exception):
    """A server does not start. The text has its last words."""


def free_port() -> int:
    """A port that nothing listens on, and neither on the one for gRPC above it."""
    while True:
        port = random.randint(20_000, 50_000)  # noqa: S311 - any will do
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for wanted in (port, port + GRPC_OFFSET):
                probes.enter_context(socket.socket()).bind(("127.0.0.1", wanted))
            return port


class Server(ABC):
    """A server on loopback, ended by its process id.

    Attributes:
        url: where AWS clients find it.
    """

    name: ClassVar[str]

    def __init__(self) -> None:
        self._port = free_port()
        self._stack = contextlib.ExitStack()
        self._log = Path()
        self.url = f"http://127.0.0.1:{self._port}"

    @abstractmethod
    def version(self) -> str:
        """Its name and version."""

    @abstractmethod
    def _command(self, scratch: Path) -> tuple[list[str | Path], Path]:
        """What to run, and in which folder."""

    def _clean_up(self) -> None:  # noqa: B027 - most leave nothing
        """Remove what it left outside of its scratch folder."""

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="second-opinion-")))
            stack.callback(self._clean_up)
            self._log = scratch / "server.log"
            command, folder = self._command(scratch)
            with self._log.open("wb") as log:
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env={"PATH": os.environ.get("PATH", os.defpath), "TMPDIR": str(scratch), "HOME": str(scratch)},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            stack.callback(_end, process)
            self._wait(process)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _named(self, pattern: str, text: str) -> str:
        match = re.search(pattern, text)
        return f"{self.name} {match.group(1) if match else 'of an unknown version'}"

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=1):  # noqa: S310 - our own URL
                    return
            except urllib.error.HTTPError:  # an answer, if only to say that it knows no such path
                return
            except OSError:
                time.sleep(0.05)
        words = self._log.read_text(errors="replace").splitlines()[-15:]
        raise ServerError("\n".join([f"{self.name} does not start. Its last words:", *words]))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:  # it keeps nothing that is worth waiting for
        process.kill()
        process.wait()


class SeaweedFs(Server):
    """SeaweedFS with its S3 gateway, all parts in one process."""

    name = "SeaweedFS"
    _WEED = TOOLS / "seaweedfs/bin/weed"

    def __init__(self) -> None:
        super().__init__()
        self._ports = {"s3": self._port, **{part: free_port() for part in ("master", "volume", "filer")}}

    def version(self) -> str:
        words = subprocess.run([self._WEED, "version"], capture_output=True, text=True, check=True).stdout
        return self._named(r"GB (\S+)", words)

    def _command(self, scratch: Path) -> tuple[list[str | Path], Path]:
        data = scratch / "data"
        data.mkdir()
        command: list[str | Path] = [
            *(self._WEED, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3"),
            *(f"-{part}.port={port}" for part, port in self._ports.items()),
            *("-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
            # Each bucket has volumes of its own: without many small ones, a few tests fill the disk.
            *("-volume.max=10000", "-master.volumeSizeLimitMB=64"),
        ]
        return command, scratch

    def _clean_up(self) -> None:
        for port in self._ports.values():
            for number in (port, port + GRPC_OFFSET):
                for left in Path("/tmp").glob(f"seaweedfs-*-{number}.sock"):  # whatever TMPDIR says
                    left.unlink(missing_ok=True)


class DynamoDbLocal(Server):
    """AWS's own stand-in for DynamoDB, in memory. It listens on every interface: only where there is one."""

    name = "DynamoDB Local"

    def version(self) -> str:
        return self._named(r"Version:\s+(\S+)", self._log.read_text(errors="replace"))

    def _command(self, scratch: Path) -> tuple[list[str | Path], Path]:
        enclosure.require()
        command: list[str | Path] = [
            *("java", "-Djava.library.path=DynamoDBLocal_lib", f"-Djava.io.tmpdir={scratch}"),
            *("-jar", "DynamoDBLocal.jar", "-port", str(self._port), "-inMemory", "-disableTelemetry"),
        ]
        return command, TOOLS / "dynamodb-local/emulator"
