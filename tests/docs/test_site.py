"""What the documentation site makes from the OpenAPI file is all of it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Final

import pytest

pytestmark = pytest.mark.unit

SITE: Final = Path(__file__).parents[2] / "docs" / "site"
API: Final = json.loads((SITE.parent / "openapi.json").read_text())


@pytest.fixture(scope="module")
def reference() -> str:
    spec = importlib.util.spec_from_file_location("http_reference", SITE / "http_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.written(API)
    return text


def test_every_operation_is_there_once(reference: str) -> None:
    for path, methods in API["paths"].items():
        for method in methods.keys() - {"parameters"}:
            assert reference.count(f"\n{method.upper()} {path}\n") == 1


def test_every_schema_that_is_linked_is_there(reference: str) -> None:
    for name in API["components"]["schemas"]:
        assert reference.count(f"\n(schema-{name.lower()})=\n") == 1


def test_references_are_followed(reference: str) -> None:
    assert "$ref" not in reference
    assert "#/components" not in reference
    assert "| `Idempotency-Key` | header | string |" in reference


def test_it_begins_with_what_holds_for_all(reference: str) -> None:
    assert reference.lstrip().startswith("## Conventions\n\n" + API["info"]["description"][:80])
