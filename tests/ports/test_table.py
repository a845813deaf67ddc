"""The table: conditions, transactions and pages, as the index needs them."""

from __future__ import annotations

import pytest

from artifact_store.ports import ABSENT, Check, Condition, ConditionFailed, Delete, Item, Key, Put, Table, Write
from tests.ports.conftest import STRICT

PART = "s:app/u/s"
A: Key = (PART, "h#a")
B: Key = (PART, "h#b")
C: Key = ("u:app/u", "h#a")
ITEM: Item = {"gen": "g1", "next": 1, "confirmed": False, "text": ""}


def test_items_come_back_with_their_types(table: Table) -> None:
    big: Item = {"n": 9_999_999_999, "t": True, "s": "ключ\x00", "zero": 0}
    table.put(Put(A, ITEM, ABSENT))
    table.put(Put(B, big, ABSENT))
    assert table.get([A]) == [ITEM]
    assert table.get([B, C, A]) == [big, None, ITEM]
    assert table.get([C]) == [None]


def test_a_put_needs_its_condition(table: Table) -> None:
    table.put(Put(A, ITEM, ABSENT))
    moved: Item = {**ITEM, "next": 2}
    for condition in (ABSENT, Condition(equals={"gen": "g2"}), Condition(equals={"gen": "g1", "next": 2})):
        with pytest.raises(ConditionFailed):
            table.put(Put(A, moved, condition))
    with pytest.raises(ConditionFailed):
        table.put(Put(B, moved, Condition(equals={"gen": "g1"})))
    assert table.get([A, B]) == [ITEM, None]
    table.put(Put(A, moved, Condition(equals={"gen": "g1", "next": 1})))
    assert table.get([A]) == [moved]


def test_an_expired_item_counts_as_absent(table: Table) -> None:
    item: Item = {"valid_until": 100}
    table.put(Put(A, item, Condition(expired_at=5)))
    for now in (99, 100):
        with pytest.raises(ConditionFailed):
            table.put(Put(A, ITEM, Condition(expired_at=now)))
    table.put(Put(A, ITEM, Condition(expired_at=101)))
    assert table.get([A]) == [ITEM]


def test_one_of_two_conditions_is_enough(table: Table) -> None:
    either = Condition(equals={"gen": "g1"}, expired_at=50)
    table.put(Put(A, {**ITEM, "valid_until": 99}, either))
    table.put(Put(A, {**ITEM, "valid_until": 99, "gen": "g2"}, either))
    with pytest.raises(ConditionFailed):
        table.put(Put(A, ITEM, either))
    table.put(Put(A, ITEM, Condition(equals={"gen": "g1"}, expired_at=100)))
    assert table.get([A]) == [ITEM]


def test_a_transaction_happens_whole_or_not_at_all(table: Table) -> None:
    table.put(Put(A, ITEM, ABSENT))
    refused: list[list[Write]] = [
        [Put(B, ITEM, ABSENT), Put(A, ITEM, ABSENT)],
        [Put(B, ITEM, ABSENT), Check(A, ABSENT)],
        [Put(B, ITEM, ABSENT), Delete(A, Condition(equals={"gen": "g2"}))],
        [Put(B, ITEM, ABSENT), Delete(C, Condition(equals={"gen": "g1"}))],
    ]
    for number, writes in enumerate(refused):
        with pytest.raises(ConditionFailed):
            table.transact(writes, request_token=f"refused {number}")
    assert table.get([A, B]) == [ITEM, None]
    table.transact(
        [Put(B, ITEM, ABSENT), Delete(A, Condition(equals={"gen": "g1"})), Check(C, ABSENT)],
        request_token="accepted",
    )
    assert table.get([A, B]) == [None, ITEM]


@pytest.mark.parametrize("backend", STRICT, indirect=True)
def test_a_repeated_transaction_happens_once(table: Table) -> None:
    writes = [Put(A, ITEM, ABSENT)]
    table.transact(writes, request_token="once")
    table.transact(writes, request_token="once")
    with pytest.raises(ConditionFailed):
        table.transact(writes, request_token="twice")


def test_a_query_reads_a_prefix_in_byte_order(table: Table) -> None:
    sorts = ["h#Z", "h#a", "h#a!2Fb", "h#a.b", "h#ab", "v#a#0000000001#g", "v#a#0000000010#g", "v#a!2Fb#0000000000#g"]
    for sort in sorts:
        table.put(Put((PART, sort), {"x": sort}, ABSENT))
    table.put(Put(C, ITEM, ABSENT))
    for prefix in ("h#", "v#a#", "v#a#0000000001#", "v#", "d#"):
        rows, last = table.query(PART, prefix, limit=100, after=None)
        expected = sorted(sort for sort in sorts if sort.startswith(prefix))
        assert [(sort, item["x"]) for sort, item in rows] == [(sort, sort) for sort in expected]
        assert last is None


@pytest.mark.parametrize("limit", [1, 2, 5, 6])
def test_pages_join_up(table: Table, limit: int) -> None:
    for number in range(5):
        table.put(Put((PART, f"h#{number}"), ITEM, ABSENT))
    seen: list[str] = []
    after = None
    for _ in range(7):
        rows, after = table.query(PART, "h#", limit=limit, after=after)
        assert len(rows) <= limit
        seen += [sort for sort, _ in rows]
        if after is None:
            break
    assert seen == [f"h#{number}" for number in range(5)]


def test_deleting_is_repeatable(table: Table) -> None:
    keys: list[Key] = [(PART, f"v#{number}") for number in range(60)]
    for key in keys:
        table.put(Put(key, ITEM, ABSENT))
    table.delete(keys[:57])
    table.delete(keys[:57])
    assert [sort for sort, _ in table.query(PART, "v#", limit=100, after=None)[0]] == ["v#57", "v#58", "v#59"]


@pytest.mark.parametrize("limit", [1, 2, 5, 1000])
def test_a_scan_reads_everything_once_and_partitions_in_order(table: Table, limit: int) -> None:
    keys: list[Key] = [(f"s:app/u/{part}", sort) for part in range(5) for sort in ("h#a", "h#b", "v#a#0", "v#a#1")]
    for key in keys:
        table.put(Put(key, {"x": key[1]}, ABSENT))
    seen: list[Key] = []
    after: Key | None = None
    while True:
        rows, after = table.scan(limit=limit, after=after)
        assert len(rows) <= limit
        assert all(item == {"x": key[1]} for key, item in rows)
        seen += [key for key, _ in rows]
        if after is None:
            break
    assert sorted(seen) == keys
    partitions = list(dict.fromkeys(partition for partition, _ in seen))
    assert seen == [key for partition in partitions for key in keys if key[0] == partition]
    rows, _ = table.scan(limit=1000, after=seen[7])
    assert [key for key, _ in rows] == seen[8:]


def test_a_query_may_start_after_a_key_that_does_not_exist(table: Table) -> None:
    for number in (0, 5, 7):
        table.put(Put((PART, f"v#a#{number}"), ITEM, ABSENT))
    rows, _ = table.query(PART, "v#a#", limit=10, after="v#a#4#zz")
    assert [sort for sort, _ in rows] == ["v#a#5", "v#a#7"]
