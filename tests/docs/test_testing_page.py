"""What docs/testing.md shows to write in a project's tests passes there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/testing.md").read_text()
FILES: Final = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


@pytest.mark.unit
def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    assert [name for name, _ in FILES] == ["conftest.py", "test_agent.py"]
    assert PAGE.count("```python") == 2
    for name, text in FILES:
        (tmp_path / name).write_text(text)
    environment = {"PYTHONPATH": f"{ROOT / 'client/src'}:{ROOT / 'layers/artifact_store'}", "HOME": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "asyncio_mode=auto"]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1].startswith("3 passed in "), done.stdout
