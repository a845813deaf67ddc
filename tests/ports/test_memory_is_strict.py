"""The in-memory adapters refuse what AWS refuses."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_store.adapters.memory import MemoryObjects, MemoryTable, Refused
from artifact_store.ports import ABSENT, Condition, ConditionFailed, ObjectRef, Put
from tests.faults.interposed import TestClock

A = ("p", "a")


@pytest.mark.parametrize(
    ("key", "metadata"),
    [
        ("", {}),
        ("x" * 1025, {}),
        ("é" * 513, {}),
        ("k", {"a": "x" * 2048}),
        ("k", {"a": "é"}),
    ],
)
def test_objects_that_s3_refuses(key: str, metadata: dict[str, str]) -> None:
    with pytest.raises(Refused):
        MemoryObjects().create(key, b"", content_type=None, metadata=metadata)


def test_deletes_that_s3_refuses() -> None:
    for refs in ([], [ObjectRef("k", "v")] * 1001):
        with pytest.raises(Refused):
            MemoryObjects().delete(refs)


@pytest.mark.parametrize(
    ("key", "item"),
    [
        (("", "a"), {}),
        (("p", ""), {}),
        (("p" * 2049, "a"), {}),
        (("p", "a" * 1025), {}),
        (A, {"text": "x" * 400 * 1024}),
    ],
)
def test_items_that_dynamodb_refuses(key: tuple[str, str], item: Any) -> None:
    with pytest.raises(Refused):
        MemoryTable().put(Put(key, item, ABSENT))


def test_transactions_that_dynamodb_refuses() -> None:
    table = MemoryTable()
    puts = [Put(("p", str(number)), {}, ABSENT) for number in range(101)]
    for writes, token in (([], "t"), (puts, "t"), (puts[:1] * 2, "t"), (puts[:1], ""), (puts[:1], "t" * 37)):
        with pytest.raises(Refused):
            table.transact(writes, request_token=token)
    table.transact(puts[:100], request_token="t")
    with pytest.raises(Refused, match="IdempotentParameterMismatch"):
        table.transact(puts[100:], request_token="t")


def test_reads_that_dynamodb_refuses() -> None:
    table = MemoryTable()
    with pytest.raises(Refused):
        table.get([A, A])
    with pytest.raises(Refused):
        table.query("p", "v#", limit=0, after=None)
    with pytest.raises(Refused):
        table.query("p", "v#", limit=1, after="h#a")


def test_a_request_token_is_forgotten_after_ten_minutes() -> None:
    clock = TestClock()
    table = MemoryTable(clock=clock)
    table.transact([Put(A, {}, ABSENT)], request_token="t")
    clock.sleep(599)
    table.transact([Put(A, {}, ABSENT)], request_token="t")
    clock.sleep(2)
    with pytest.raises(ConditionFailed):
        table.transact([Put(A, {}, ABSENT)], request_token="t")


def test_a_page_ends_at_a_megabyte() -> None:
    table = MemoryTable()
    for number in range(6):
        table.put(Put(("p", f"v#{number}"), {"text": "x" * 300_000}, ABSENT))
    rows, last = table.query("p", "v#", limit=1000, after=None)
    assert (len(rows), last) == (4, "v#3")
    rows, last = table.query("p", "v#", limit=1000, after=last)
    assert (len(rows), last) == (2, None)


def test_what_is_handed_out_is_a_copy() -> None:
    table = MemoryTable()
    table.put(Put(A, {"x": 1}, ABSENT))
    (item,) = table.get([A])
    assert isinstance(item, dict)
    item["x"] = 2
    table.put(Put(A, {"x": 3}, Condition(equals={"x": 1})))


def test_lists_and_scans_that_aws_refuses() -> None:
    for limit in (0, 1001):
        with pytest.raises(Refused):
            MemoryObjects().list_versions("", limit=limit, after=None)
    with pytest.raises(Refused):
        MemoryTable().scan(limit=0, after=None)
    with pytest.raises(Refused):
        MemoryTable().get([("p", str(number)) for number in range(101)])


def test_a_page_of_a_scan_ends_at_a_megabyte() -> None:
    table = MemoryTable()
    for number in range(6):
        table.put(Put(("p", f"v#{number}"), {"text": "x" * 300_000}, ABSENT))
    rows, last = table.scan(limit=1000, after=None)
    assert (len(rows), last) == (4, ("p", "v#3"))
    rows, last = table.scan(limit=1000, after=last)
    assert (len(rows), last) == (2, None)


def test_only_what_has_expired_expires() -> None:
    clock = TestClock()
    table = MemoryTable(clock=clock)
    now = int(clock.now)
    for number, item in enumerate([{}, {"expires_at": now + 5}, {"expires_at": now - 5}]):
        table.put(Put(("p", str(number)), item, ABSENT))
    table.expire()
    assert [key[1] for key in table.items()] == ["0", "1"]
    clock.sleep(6)
    table.expire()
    assert [key[1] for key in table.items()] == ["0"]
