"""A reader's shell: the commands that the pages show, run by the real tools against the emulated cloud.

Four things differ from a reader's: the tools are those of this workshop; the clone that it stands in is a copy of this
repository as it is; an API's address is the emulator's, which `aws` is told to print; and `adk-artifacts` signs for it
though it is none of Amazon's.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from tests.e2e.emulated_cloud import REGION, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.e2e.emulated_cloud import EmulatedCloud

__all__ = ["Terminal", "blocks", "sections"]

_AWS: Final = Path(os.environ.get("AWS_CLI") or ROOT / ".tools" / "awscli" / "bin" / "aws")
_IMPORTS: Final = os.pathsep.join(str(ROOT / folder) for folder in ("layers/artifact_store", "client/src"))
# Not every resolver knows names under localhost, and the emulator's certificate does not name them.
_RESOLVER: Final = """
import os, socket, ssl, time
_ask, _make = socket.getaddrinfo, ssl.create_default_context
def _context(*given, **how):
    context = _make(*given, **how)
    context.check_hostname = False
    return context
ssl.create_default_context = _context
socket.getaddrinfo = lambda host, *rest, **how: _ask(
    "localhost" if host and os.fsdecode(host).endswith(".localhost") else host, *rest, **how
)
_now, _later = time.time_ns, int(os.environ.get("SECONDS_LATER", "0")) * 10**9
time.time_ns = lambda: _now() + _later
"""
_DONE: Final = "that was all of it"


def blocks(page: str, language: str = "bash") -> list[str]:
    """The commands of a page, in their order; what is marked `sh` is only to be read."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def sections(page: str) -> dict[str, str]:
    """A page's text by the headings of its second level; "" is what stands before them."""
    first, *rest = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    return {"": first, **dict(zip(rest[::2], rest[1::2], strict=True))}


class Terminal:
    """One shell, whose variables and functions stay from block to block; a context manager.

    Attributes:
        clone: Where it starts: a copy of the repository, so that nothing is written into this one.
    """

    def __init__(self, cloud: EmulatedCloud, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Prepares it.

        Args:
            cloud: Where commands go.
            folder: For the clone, the tools and what they keep.
            environment: More variables. With SECONDS_LATER the store's commands are run so much later than now: what
                was saved a moment ago is old to them.
        """
        self.clone: Final = folder / "clone"
        self._folder = folder
        self._failures = folder / "failures"
        self._shell: subprocess.Popen[str] | None = None
        _copy_repository(self.clone)
        tools = folder / "tools"
        tools.mkdir()
        # `https://ID.execute-api.REGION.amazonaws.com` as the emulator has it.
        port = cloud.url.rpartition(":")[2]
        there = (
            rf"s#https://([a-z0-9]+)\.execute-api\.{REGION}\.amazonaws\.com#https://\1.execute-api.localhost:{port}#g"
        )
        # Of SQS it knows better than $AWS_ENDPOINT_URL where it is, unless it is told by an argument.
        endpoint = '--endpoint-url "$AWS_ENDPOINT_URL"'
        self._write(tools / "aws", f"set -o pipefail; '{_AWS}' {endpoint} \"$@\" | sed -E '{there}'")
        self._write(tools / "sam", cloud.sam_command())
        (folder / ".curlrc").write_text("insecure\n")
        (folder / "resolver").mkdir()
        (folder / "resolver" / "sitecustomize.py").write_text(_RESOLVER)
        python = f"PYTHONPATH='{folder / 'resolver'}:{_IMPORTS}' exec '{sys.executable}'"
        signs = '[ -n "$ADK_ARTIFACTS_TOKEN" ] || set -- --auth iam "$@"'
        self._write(tools / "adk-artifacts", f'{signs}; {python} -m google_adk_aws.cli "$@"')
        self._write(tools / "python", f'{python} "$@"')
        self._environment = {
            **cloud.environment(),
            # The certificate names no bucket; where an address is a number, the bucket's name goes into the path.
            "AWS_ENDPOINT_URL": f"https://127.0.0.1:{port}",
            "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "CURL_CA_BUNDLE": str(cloud.certificate),
            "SSL_CERT_FILE": str(cloud.certificate),
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        self._shell = subprocess.Popen(
            ["bash"],
            cwd=self.clone,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        # A command that fails is noted, and its block runs on, as it would for a reader. It is noted in a file: what
        # fails in a substitution fails in a shell of its own. A variable that nothing has set ends the shell.
        self._tell(f'set -Eu -o pipefail; trap \'echo "$? $BASH_COMMAND" >> "{self._failures}"\' ERR')
        return self

    def __exit__(self, *_: object) -> None:
        if self._shell is None:
            return
        # There is nothing to be saved, and a command that hangs would hold the shell up.
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.communicate()

    def run(self, script: str, *, statuses: tuple[int, ...] = (), answers: str = "") -> str:
        """Runs a block and returns what it printed on standard output.

        Args:
            script: The commands.
            statuses: With which statuses commands have to fail, in this order; no other may fail.
            answers: What the reader types when a command asks.
        """
        block, typed, out, errors = (self._folder / f"block.{kind}" for kind in ("sh", "in", "out", "err"))
        # `source` has the status of its last command, which would be noted twice.
        block.write_text(f"{script}\n:\n")
        typed.write_text(answers)
        self._failures.write_text("")
        self._tell(f"source '{block}' > '{out}' 2> '{errors}' < '{typed}'; echo '{_DONE}'")
        ended = self._hear() == _DONE
        said, failed = out.read_text(), self._failures.read_text()
        found = tuple(int(line.split(maxsplit=1)[0]) for line in failed.splitlines() if re.match(r"\d+ ", line))
        told = f"{script}\nfailed: {failed or 'nothing'}\n{said[-3000:]}\n{errors.read_text()[-3000:]}"
        assert ended, f"The shell ended in the middle of {told}"
        assert found == statuses, told
        return said

    def _tell(self, line: str) -> None:
        assert self._shell is not None
        assert self._shell.stdin is not None
        self._shell.stdin.write(line + "\n")
        self._shell.stdin.flush()

    def _hear(self) -> str:
        assert self._shell is not None
        assert self._shell.stdout is not None
        return self._shell.stdout.readline().strip()

    @staticmethod
    def _write(path: Path, body: str) -> None:
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)


def _copy_repository(to: Path) -> None:
    """Everything that is, or would be, committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for name in listed.split("\0"):
        source = ROOT / name
        if source.is_file():
            target = to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
