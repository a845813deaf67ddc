"""`kill -9` of the API under load, a few times; `make kill` does it two hundred times."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from local import LocalApi
from tests.endurance.killing import kill_again_and_again
from tests.endurance.killing_direct import kill_direct
from tests.endurance.ledger import Ledger, digest_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(300)]


def test_what_was_acknowledged_survives() -> None:
    seed = random.randrange(10_000)  # noqa: S311 - load, no secret
    result = kill_again_and_again(kills=6, seed=seed)
    assert not result.broken, result
    assert result.in_flight["save"] > 0, result


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as running:
        yield running


@pytest.mark.parametrize("with_table", [True, False], ids=["with the table", "without a table"])
def test_what_was_acknowledged_straight_on_s3_survives(api: LocalApi, with_table: bool) -> None:  # noqa: FBT001
    seed = random.randrange(10_000)  # noqa: S311 - load, no secret
    result = kill_direct(api, with_table=with_table, kills=5, seed=seed)
    assert not result.broken, (result, result.broken)
    assert result.under_way > 0, result
    assert result.saved > 0, result


def test_the_ledger_sees_what_is_broken() -> None:
    bodies = [b"0", b"1", b"2"]
    ledger = Ledger()
    for number, body in enumerate(bodies):
        ledger.trying("doc", digest_of(body))
        ledger.saved("doc", digest_of(body), number)
    ledger.trying("doc", digest_of(b"unanswered"))
    whole = list(enumerate(bodies))
    assert ledger.judge({"doc": whole}) == ledger.judge({"doc": [*whole, (3, b"unanswered")]}) == []
    assert "lost" in ledger.judge({"doc": whole[:2]})[0]
    assert "lost" in ledger.judge({})[0]
    assert "twice" in ledger.judge({"doc": [*whole, (3, b"2")]})[0]
    assert "nobody" in ledger.judge({"doc": [*whole, (3, b"half")]})[0]
    assert "gaps" in ledger.judge({"doc": [*whole, (4, b"unanswered")]})[0]
    assert "acknowledged as" in ledger.judge({"doc": [(0, b"1"), (1, b"0"), (2, b"2")]})[0]
    ledger.deleting("doc")
    assert ledger.judge({}) == []
