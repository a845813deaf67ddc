"""What docs/resilience.md shows is what its program prints, and its defaults are the code's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from google_adk_aws import ResiliencePolicy, RetryConfig

pytestmark = pytest.mark.unit

PAGE: Final = (Path(__file__).parents[2] / "docs/resilience.md").read_text()


def test_the_program_prints_what_is_shown() -> None:
    shows = re.compile(r"^```python\n(.*?)^```\n+```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    ((program, output),) = shows.findall(PAGE)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == output


def test_the_defaults_are_told() -> None:
    policy, on_s3 = ResiliencePolicy(), RetryConfig().policy()
    assert policy.reads is not None
    assert policy.writes is not None
    assert policy.budget is not None
    told = " ".join(PAGE.split())
    assert f"reads: after {policy.reads.failures} calls without an answer closed to all for 30 s" in told
    assert f"writes: after {policy.writes.failures} for {policy.writes.open_seconds:g} s" in told
    assert f"{policy.retry.deadline:g} s for a call" in told
    assert (
        f"{policy.retry.attempts} attempts with waits of {policy.retry.base_delay} to {policy.retry.max_delay:g} s"
        in told
    )
    assert f"on S3 {on_s3.attempts} with waits of {on_s3.base_delay:g} to {on_s3.max_delay:g} s" in told
    assert (policy.budget.share, policy.budget.reserve, policy.hedge_after) == (0.2, 100, None)
