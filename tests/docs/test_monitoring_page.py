"""docs/monitoring.md tells of every metric there is and of no other, and its program runs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from local import LocalApi

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/monitoring.md").read_text()
TOLD: Final = {
    name
    for line in re.findall(r"^\| (`[A-Z].*?) \|", PAGE, re.MULTILINE)
    for name in re.findall(r"`([A-Z]\w*(?:\.CODE)?)`", line)
}


def counted(folder: str) -> Iterator[str]:
    """Names that the functions give to what they count."""
    for path in (ROOT / "functions" / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            function, first = node.func, node.args[0]
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            if name not in {"count", "count_bytes"}:
                continue
            for value in ast.walk(first):
                if isinstance(value, ast.Constant) and isinstance(value.value, str) and re.match("[A-Z]", value.value):
                    yield "Problem.CODE" if value.value == "Problem." else value.value


@pytest.mark.unit
def test_every_metric_is_told() -> None:
    found = {*counted("artifact_api"), *counted("artifact_maintenance")}
    assert {"Saves", "Drift", "Expired", "Problem.CODE", "BytesLoaded"} <= found
    assert found == TOLD


@pytest.mark.integration
def test_the_program_prints_the_requests_id(tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    with LocalApi() as api:
        done = subprocess.run(
            [sys.executable, "-c", program.replace("http://127.0.0.1:8080", api.url)],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}"},
            capture_output=True,
            text=True,
            check=True,
        )
    assert re.fullmatch(r"artifact_not_found request \S{8,}\n", done.stdout)
