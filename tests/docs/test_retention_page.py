"""What docs/retention.md shows works as it stands, and its figures are the program's."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from artifact_store.model import MAX_TTL_SECONDS
from local import LocalApi

pytestmark = pytest.mark.integration

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs/retention.md").read_text()
(PROGRAM,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
(COMMAND,) = re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LocalApi(environment={"RETENTION_DAYS_BY_APP": '{"chat": 30, "*": 365}'}) as api:
        yield api.url


async def test_the_program_keeps_a_draft_for_a_day(url: str) -> None:
    names: dict[str, Any] = {}
    exec(PROGRAM, names)  # noqa: S102 - the page's own program
    expires_at = await names["keep_for_a_day"](url)
    assert abs(expires_at - time.time() - 86_400) < 600


def test_the_command_keeps_a_note_for_a_day(url: str) -> None:
    done = subprocess.run(
        ["/bin/bash", "-euc", f"URL={url}\n{COMMAND}"], capture_output=True, text=True, timeout=60, check=True
    )
    assert '"expiresAt":' in done.stdout


@pytest.mark.parametrize(("app", "days"), [("chat", 30), ("other", 365)])
def test_the_parameter_says_how_long_an_apps_artifacts_live(url: str, app: str, days: int) -> None:
    assert '`{"chat": 30, "*": 365}`' in PAGE
    path = f"{url}/v1/apps/{app}/users/u/sessions/s/artifacts/a"
    told = httpx.post(path, content=b"x").json()
    assert round(told["expiresAt"] - told["createTime"]) == days * 86_400
    kept = httpx.post(path, content=b"x", headers={"Artifact-Ttl": "0"}).json()
    assert "expiresAt" not in kept


def test_the_longest_time_is_told() -> None:
    assert f"1 to {MAX_TTL_SECONDS:,}" in PAGE
