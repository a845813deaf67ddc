"""What `python -m local` tells the person at the keyboard."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from local.events import Request, Response


class Console:
    """Lines on the real standard output; the functions' JSON logs go elsewhere."""

    def __init__(self) -> None:
        self._out = sys.stdout

    def say(self, text: str) -> None:
        """Print a line now."""
        print(text, file=self._out, flush=True)

    def welcome(self, *, url: str, data_dir: Path | None, log: str) -> None:
        """How to use what is now running."""
        artifacts = f"{url}/v1/apps/demo/users/ann/sessions/s1/artifacts"
        self.say(
            f"""
Artifact API on {url}  (no sign-in, this machine only)

  save   curl -X POST --data-binary @report.pdf -H 'Content-Type: application/pdf' {artifacts}/report.pdf
  load   curl {artifacts}/report.pdf -o copy.pdf
  list   curl {artifacts}
  agent  Runner(…, artifact_service=HttpArtifactService("{url}"))

  data   {data_dir or "in memory, gone at the end"}
  logs   {log}
  stop   Ctrl-C
"""
        )

    def on_answer(self) -> Callable[[Request, Response, float], None]:
        """What prints a line for every request."""

        def print_line(request: Request, response: Response, seconds: float) -> None:
            self.say(f"{response.status} {request.method:6} {request.raw_path}  {seconds * 1000:.0f} ms")

        return print_line
