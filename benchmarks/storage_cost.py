"""Storage calls, sequential depth and dollars per million of each operation, from the items as built.

    python benchmarks/storage_cost.py

Runs the store on the in-memory adapters, counts every call and sizes every item as AWS would bill it.
Prices: us-east-1, on demand; S3 standard. Powertools' idempotency is apart: two writes of 1 KB.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from artifact_store import ArtifactId, ArtifactStore, Content, Part
from artifact_store.adapters.memory import MemoryObjects, MemoryTable
from artifact_store.adapters.memory_transfers import MemoryTransfers
from artifact_store.adapters.time import SystemClock
from artifact_store.ids import new_id
from artifact_store.index import TableIndex
from artifact_store.ports import Check, Item, Key, ObjectHead, ObjectRef, Ports, Put, StoredObject, Write

WRITE_UNIT = 0.625
READ_UNIT = 0.125
S3_PUT = 5.0
S3_GET = 0.4
S3_LIST = 5.0

DOC = ArtifactId.of(app="reports", user="ada@example.com", session="7d7ef3fd1a55", filename="charts/q1.png")
FACTS: dict[str, Any] = {
    "part": Part(mime_type="image/png", display_name="Q1.png"),
    "custom_metadata": {"source": "quarterly", "pages": 3},
}


class Bill:
    """Counts calls, how many of them wait for each other, and what they cost."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.depth = 0
        self.dollars = 0.0

    def add(self, call: str, dollars: float) -> None:
        self.calls.append(call)
        self.depth += 1
        self.dollars += dollars

    def parallel(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        start = self.depth
        one = first()
        after_first, self.depth = self.depth, start
        two = second()
        self.depth = max(after_first, self.depth)
        return one, two


class BilledObjects:
    """A bucket that writes a bill."""

    def __init__(self, objects: MemoryObjects, bill: Bill) -> None:
        self._objects = objects
        self.bill = bill

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} has no price yet")

    @property
    def bucket_name(self) -> str:
        return self._objects.bucket_name

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        self.bill.add("PUT", S3_PUT)
        return self._objects.create(key, body, content_type=content_type, metadata=metadata)

    def head(self, key: str) -> ObjectHead | None:
        self.bill.add("HEAD", S3_GET)
        return self._objects.head(key)

    def get(self, ref: ObjectRef) -> StoredObject | None:
        self.bill.add("GET", S3_GET)
        return self._objects.get(ref)

    def delete(self, refs: Sequence[ObjectRef]) -> None:
        self.bill.add("DELETE", 0.0)
        self._objects.delete(refs)


class BilledTable:
    """A table that writes a bill."""

    def __init__(self, table: MemoryTable, bill: Bill) -> None:
        self._table = table
        self.bill = bill

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} has no price yet")

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        found = self._table.get(keys)
        units = sum(
            math.ceil((size_of(key, item) if item else 1) / 4096) for key, item in zip(keys, found, strict=True)
        )
        self.bill.add("GetItem" if len(keys) == 1 else "BatchGetItem", units * READ_UNIT)
        return found

    def query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[tuple[str, Item]], str | None]:
        rows, last = self._table.query(partition, prefix, limit=limit, after=after)
        size = sum(size_of((partition, sort), item) for sort, item in rows)
        self.bill.add("Query", max(1, math.ceil(size / 4096)) * READ_UNIT)
        return rows, last

    def transact(self, writes: Sequence[Write], *, request_token: str) -> None:
        units = sum(2 * (1 if isinstance(write, Check) else write_units(write)) for write in writes)
        self.bill.add("TransactWriteItems", units * WRITE_UNIT)
        self._table.transact(writes, request_token=request_token)

    def put(self, write: Put) -> None:
        self.bill.add("PutItem", write_units(write) * WRITE_UNIT)
        self._table.put(write)

    def delete(self, keys: Sequence[Key]) -> None:
        batches = math.ceil(len(keys) / 25)
        for _ in range(batches):
            self.bill.add("BatchWriteItem", 0.0)
        self.bill.dollars += len(keys) * WRITE_UNIT
        self._table.delete(keys)


def size_of(key: Key, item: Item) -> int:
    """An item's bytes as DynamoDB counts them."""
    size = len("pk") + len("sk") + sum(len(part.encode()) for part in key)
    for name, value in item.items():
        size += len(name)
        if isinstance(value, bool):
            size += 1
        elif isinstance(value, int):
            size += math.ceil(len(str(value)) / 2) + 1
        else:
            size += len(value.encode())
    return size


def write_units(write: Write) -> int:
    return math.ceil(size_of(write.key, write.item) / 1024) if isinstance(write, Put) else 1


def prepared(*, names: int, versions: int) -> tuple[MemoryObjects, MemoryTable]:
    objects, table = MemoryObjects(), MemoryTable()
    store = opened(objects, table, Bill())
    for number in range(versions):
        store.save(DOC, Content(body=b"%d" % number, **FACTS), caller="c", idempotency_key=str(number))
    for number in range(names - 1):
        other = ArtifactId(DOC.scope, f"charts/{number}.png")
        store.save(other, Content(body=b"x", **FACTS), caller="c", idempotency_key="k")
    return objects, table


def opened(objects: MemoryObjects, table: MemoryTable, bill: Bill) -> ArtifactStore:
    clock = SystemClock()
    billed_objects: Any = BilledObjects(objects, bill)
    billed_table: Any = BilledTable(table, bill)
    index = TableIndex(billed_table, clock)
    return ArtifactStore(
        Ports(
            objects=billed_objects,
            transfers=MemoryTransfers(objects),
            index=index,
            clock=clock,
            parallel=bill.parallel,
            new_id=new_id,
        )
    )


def list_all(store: ArtifactStore) -> None:
    position: str | None = None
    while True:
        page = store.list_artifacts(DOC.scope, limit=1000, position=position)
        position = page.position
        if position is None:
            return


OPERATIONS: dict[str, Callable[[ArtifactStore], object]] = {
    "save": lambda store: store.save(DOC, Content(body=b"new", **FACTS), caller="c", idempotency_key="new"),
    "load latest": lambda store: store.load(DOC),
    "load latest, not modified": lambda store: store.load_unless(DOC, None, etags=frozenset({"*"})),
    "load version 0": lambda store: store.load(DOC, 0),
    "metadata of version 0": lambda store: store.describe(DOC, 0),
    "list names": list_all,
    "list versions with metadata": lambda store: store.list_versions(DOC, limit=1000),
    "delete": lambda store: store.delete(DOC),
}


def main() -> None:
    header = ("operation", "names", "versions", "calls", "depth", "$ per million")
    print("| {} |".format(" | ".join(header)))
    print("|" + "---|" * len(header))
    for name, operation in OPERATIONS.items():
        for names, versions in ((1, 1), (100, 20), (1000, 1000)):
            objects, table = prepared(names=names, versions=versions)
            bill = Bill()
            operation(opened(objects, table, bill))
            print(f"| {name} | {names} | {versions} | {len(bill.calls)} | {bill.depth} | {bill.dollars:.2f} |")


if __name__ == "__main__":
    main()
