"""The examples of docs/authentication.md are run, without a request."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import google_adk_aws
from artifact_api.grants import read_principals

if TYPE_CHECKING:
    import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "authentication.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile reports]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    names: dict[str, object] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/authentication.md", "exec"), names)  # noqa: S102 - the page's own
    assert len(EXAMPLES) == 4


def test_the_principal_is_one_that_a_deployment_reads() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert list(read_principals(text)) == list(json.loads(text))


def test_every_kind_of_credentials_is_told_of() -> None:
    kinds = {"SigV4Auth", "OAuth2ClientCredentials", "GoogleIdToken"}
    assert kinds <= set(google_adk_aws.__all__)
    assert not [kind for kind in kinds if f"`{kind}(" not in PAGE]
