from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from artifact_api import wiring
from artifact_api.settings import InvalidSettings
from tests.contract.calls import ENVIRONMENT


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    wiring.reset()
    yield
    wiring.reset()


def test_everything_is_made_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        stores = list(pool.map(lambda _: wiring.store(), range(32)))
    assert len(set(map(id, stores))) == 1
    assert wiring.fast_path() is wiring.fast_path()
    assert wiring.dynamodb() is wiring.dynamodb()


def test_a_reset_reads_the_environment_again(monkeypatch: pytest.MonkeyPatch) -> None:
    before = wiring.store()
    assert wiring.settings().bucket_name == "bucket"
    monkeypatch.setenv("BUCKET_NAME", "other")
    assert wiring.settings().bucket_name == "bucket"
    wiring.reset()
    assert wiring.settings().bucket_name == "other"
    assert wiring.store() is not before


@pytest.mark.parametrize(
    ("name", "needed_by"),
    [("IDEMPOTENCY_TABLE_NAME", wiring.fast_path), ("CURSOR_SECRET_ARN", wiring.signing_keys)],
)
def test_what_only_some_functions_have(name: str, needed_by: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    wiring.store()
    assert callable(needed_by)
    with pytest.raises(InvalidSettings, match=name):
        needed_by()
