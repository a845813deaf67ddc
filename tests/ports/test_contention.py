"""Many writers at once: of those that exclude one another, one wins, and it is the one that is then read."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest

from artifact_store.ports import (
    ABSENT,
    Condition,
    ConditionFailed,
    Delete,
    Key,
    ObjectExists,
    ObjectRef,
    ObjectStore,
    Put,
    Table,
    TransactionConflict,
    Write,
)
from tests.ports.conftest import STRICT
from tests.tally import Tally

pytestmark = pytest.mark.parametrize("backend", STRICT, indirect=True)

WRITERS = 16
ROUNDS = 25
CREATORS, KEYS, BATCHES = 6, 12, 2
PART = "s:app/u/s"
HEAD: Key = (PART, "h#a")
_T = TypeVar("_T")


def at_once(attempts: Sequence[Callable[[], _T | None]]) -> dict[int, _T]:
    """What each attempt that won got, by its number, when all start together."""
    start = threading.Barrier(len(attempts))

    def run(attempt: Callable[[], _T | None]) -> _T | None:
        start.wait()
        return attempt()

    with ThreadPoolExecutor(len(attempts)) as pool:
        return {number: won for number, won in enumerate(pool.map(run, attempts)) if won is not None}


@pytest.fixture
def prefix() -> str:
    """What request tokens of one test begin with: they count in the whole account, not in one table."""
    return f"{uuid.uuid4().hex[:20]} "


def created(objects: ObjectStore, key: str, body: bytes) -> str | None:
    try:
        return objects.create(key, body, content_type=None, metadata={})
    except ObjectExists:
        return None


def done(table: Table, writes: list[Write], token: str) -> bool | None:
    """True when the transaction happened, None when a condition refused it; conflicts are repeated."""
    for _ in range(1000):
        try:
            table.transact(writes, request_token=token)
        except TransactionConflict:
            continue
        except ConditionFailed:
            return None
        return True
    raise AssertionError("a transaction that only ever conflicts")


def winners(objects: ObjectStore, keys: list[str], size: int) -> dict[str, dict[bytes, str]]:
    """For each key, the bodies of who created it, and their version ids; all start together.

    Several keys at once, since a server may let a loser wait for seconds.
    """
    tasks = [(key, b"%d" % writer * size) for key in keys for writer in range(CREATORS)]
    won: dict[str, dict[bytes, str]] = {key: {} for key in keys}
    for number, version_id in at_once([partial(created, objects, *task) for task in tasks]).items():
        key, body = tasks[number]
        won[key][body] = version_id
    return won


@pytest.mark.parametrize("size", [5, 200_000])
def test_of_many_creators_of_an_object_one_wins(objects: ObjectStore, tally: Tally, size: int) -> None:
    for batch in range(BATCHES):
        keys = [f"app/u/s/f/{batch}{number}" for number in range(KEYS)]
        for key, won in winners(objects, keys, size).items():
            tally.race(winners=len(won))
            ((body, version_id),) = won.items()
            found = objects.get(ObjectRef(key, version_id))
            assert found is not None
            assert (found.body, found.head) == (body, objects.head(key))


def test_a_deleted_object_is_created_by_one_again(objects: ObjectStore, tally: Tally) -> None:
    keys = [f"app/u/s/f/{number}" for number in range(KEYS)]
    for _ in range(BATCHES):
        won = winners(objects, keys, 1)
        for key in keys:
            tally.race(winners=len(won[key]))
        objects.delete([ObjectRef(key, version_id) for key in keys for version_id in won[key].values()])
        assert [objects.head(key) for key in keys] == [None] * KEYS
    assert objects.list_versions("", limit=1000, after=None) == ([], None)


def test_of_many_puts_of_an_item_one_wins(table: Table, tally: Tally) -> None:
    def put(writer: int, number: int) -> bool | None:
        condition = Condition(equals={"next": number}) if number else ABSENT
        try:
            table.put(Put(HEAD, {"next": number + 1, "by": writer}, condition))
        except ConditionFailed:
            return None
        return True

    for number in range(ROUNDS):
        won = at_once([partial(put, writer, number) for writer in range(WRITERS)])
        tally.race(winners=len(won))
        assert table.get([HEAD]) == [{"next": number + 1, "by": next(iter(won))}]


def test_of_many_moves_of_a_head_one_wins_with_its_row(table: Table, prefix: str, tally: Tally) -> None:
    def move(writer: int, number: int) -> bool | None:
        condition = Condition(equals={"next": number}) if number else ABSENT
        row = Put((PART, f"v#a#{number}#{writer}"), {"by": writer}, ABSENT)
        return done(table, [Put(HEAD, {"next": number + 1}, condition), row], f"{prefix}{number} {writer}")

    for number in range(ROUNDS):
        won = at_once([partial(move, writer, number) for writer in range(WRITERS)])
        tally.race(winners=len(won))
        rows, _ = table.query(PART, f"v#a#{number}#", limit=100, after=None)
        assert [item["by"] for _, item in rows] == list(won), "the losers' rows are not there"
    assert table.get([HEAD]) == [{"next": ROUNDS}]


def test_transactions_that_take_two_items_crosswise_exclude_one_another(
    table: Table, prefix: str, tally: Tally
) -> None:
    def take(writer: int, pair: list[Key], number: int) -> bool | None:
        keys = pair if writer % 2 else pair[::-1]
        return done(table, [Put(key, {"by": writer}, ABSENT) for key in keys], f"{prefix}{number} {writer}")

    for number in range(ROUNDS):
        pair = [(PART, f"x#{number}"), (PART, f"y#{number}")]
        won = at_once([partial(take, writer, pair, number) for writer in range(WRITERS)])
        tally.race(winners=len(won))
        assert table.get(pair) == [{"by": next(iter(won))}] * 2


def test_a_head_is_moved_or_buried_never_both(table: Table, prefix: str, tally: Tally) -> None:
    still = Condition(equals={"next": 1})
    for number in range(ROUNDS):
        head, grave, row = (PART, f"h#{number}"), (PART, f"d#{number}"), (PART, f"v#{number}")
        table.put(Put(head, {"next": 1}, ABSENT))
        ways: list[list[Write]] = [
            [Put(head, {"next": 2}, still), Put(row, {}, ABSENT)],
            [Delete(head, still), Put(grave, {}, ABSENT)],
        ]
        won = at_once(
            [partial(done, table, ways[writer % 2], f"{prefix}{number} {writer}") for writer in range(WRITERS)]
        )
        tally.race(winners=len(won))
        buried = next(iter(won)) % 2 == 1
        assert table.get([head, grave, row]) == ([None, {}, None] if buried else [{"next": 2}, None, {}])


def test_repeats_of_one_transaction_at_once_do_it_once(table: Table, prefix: str) -> None:
    for number in range(ROUNDS):
        key = (PART, f"once#{number}")
        writes: list[Write] = [Put(key, {"x": number}, ABSENT)]
        answers = at_once([partial(done, table, writes, f"{prefix}{number}")] * WRITERS)
        assert len(answers) == WRITERS, "whoever repeats it hears that it is done"
        assert table.get([key]) == [{"x": number}]
