"""A reader's shell: the commands that the pages show, run by the real tools against the emulated cloud.

Three things differ from a reader's: the tools are those of this workshop; an API's address is the emulator's, which
`aws` is told to print; and `adk-artifacts` signs for it though it is none of Amazon's.
"""

from __future__ import annotations

import os
import re
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
import os, socket, ssl
_ask, _make = socket.getaddrinfo, ssl.create_default_context
def _context(*given, **how):
    context = _make(*given, **how)
    context.check_hostname = False
    return context
ssl.create_default_context = _context
socket.getaddrinfo = lambda host, *rest, **how: _ask(
    "localhost" if host and os.fsdecode(host).endswith(".localhost") else host, *rest, **how
)
"""
_END: Final = "that was all of it: "


def blocks(page: str, language: str = "bash") -> list[str]:
    """The commands of a page, in their order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def sections(page: str) -> dict[str, str]:
    """A page's text by the headings of its second level; "" is what stands before them."""
    first, *rest = re.split(r"^## (.+)\n", page, flags=re.MULTILINE)
    return {"": first, **dict(zip(rest[::2], rest[1::2], strict=True))}


class Terminal:
    """One shell, whose variables and functions stay from block to block; a context manager."""

    def __init__(self, cloud: EmulatedCloud, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Prepares it; it starts in the repository's root.

        Args:
            cloud: Where commands go.
            folder: For the tools and what they keep.
            environment: More variables.
        """
        self._folder = folder
        self._shell: subprocess.Popen[str] | None = None
        tools = folder / "tools"
        tools.mkdir()
        # `https://ID.execute-api.REGION.amazonaws.com` as the emulator has it.
        port = cloud.url.rpartition(":")[2]
        there = (
            rf"s#https://([a-z0-9]+)\.execute-api\.{REGION}\.amazonaws\.com#https://\1.execute-api.localhost:{port}#g"
        )
        self._write(tools / "aws", f"set -o pipefail; '{_AWS}' \"$@\" | sed -E '{there}'")
        self._write(tools / "sam", cloud.sam_command())
        (folder / ".curlrc").write_text("insecure\n")
        (folder / "resolver").mkdir()
        (folder / "resolver" / "sitecustomize.py").write_text(_RESOLVER)
        imports = f"PYTHONPATH='{folder / 'resolver'}:{_IMPORTS}'"
        self._write(
            tools / "adk-artifacts", f"{imports} exec '{sys.executable}' -m google_adk_aws.cli --auth iam \"$@\""
        )
        self._write(tools / "python", f"{imports} exec '{sys.executable}' \"$@\"")
        self._environment = {
            **cloud.environment(),
            "PATH": f"{tools}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(folder),
            "CURL_CA_BUNDLE": str(cloud.certificate),
            "SSL_CERT_FILE": str(cloud.certificate),
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        self._shell = subprocess.Popen(
            ["bash"], cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        # A command that fails is noted, and the rest of its block runs on, as it would for a reader.
        self._tell("set -E -o pipefail; trap 'failed=$?' ERR")
        return self

    def __exit__(self, *_: object) -> None:
        if self._shell is not None:
            self._shell.communicate("exit\n", timeout=10)

    def run(self, script: str) -> str:
        """Runs a block, none of whose commands may fail, and returns what it printed."""
        block, out, errors = (self._folder / f"block.{kind}" for kind in ("sh", "out", "err"))
        block.write_text(script)
        status = self._tell(f"failed=0; source '{block}' > '{out}' 2> '{errors}' < /dev/null; echo '{_END}'$failed")
        said = out.read_text()
        assert status == "0", f"{script}\n→ {status}\n{said[-3000:]}\n{errors.read_text()[-3000:]}"
        return said

    def _tell(self, line: str) -> str:
        assert self._shell is not None
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(line + "\n")
        self._shell.stdin.flush()
        return self._shell.stdout.readline().strip().removeprefix(_END) if _END in line else ""

    @staticmethod
    def _write(path: Path, body: str) -> None:
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)
