"""The store with one of its safeties taken away, to see that it is needed and that the checker sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from artifact_store.index import TableIndex
from artifact_store.ports import (
    Item,
    Key,
    ListedObject,
    ObjectHead,
    ObjectRef,
    ObjectStore,
    Ports,
    Put,
    StoredObject,
    Table,
    Write,
)

__all__ = ["by_key", "graveless", "tokenless"]


def tokenless(ports: Ports) -> Ports:
    """Nothing remembers what an idempotency key has saved."""
    return _with_table(ports, lambda table: _Forgetful(table, "t#"))


def graveless(ports: Ports) -> Ports:
    """Nothing remembers which generations were deleted."""
    return _with_table(ports, lambda table: _Forgetful(table, "d#"))


def by_key(ports: Ports) -> Ports:
    """What is to be deleted is told by its key, as if the bucket had no versions."""
    return replace(ports, objects=_ByKey(ports.objects))


def _with_table(ports: Ports, change: Callable[[Table], Table]) -> Ports:
    assert isinstance(ports.index, TableIndex)
    return replace(ports, index=TableIndex(change(ports.index._table), ports.clock))


class _Forgetful:
    """A table without the items whose sort key starts with a prefix."""

    def __init__(self, table: Table, prefix: str) -> None:
        self._table = table
        self._prefix = prefix

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        items = self._table.get(keys)
        return [None if sort.startswith(self._prefix) else item for (_, sort), item in zip(keys, items, strict=True)]

    def transact(self, writes: Sequence[Write], *, request_token: str) -> None:
        kept = [write for write in writes if not write.key[1].startswith(self._prefix)]
        self._table.transact(kept, request_token=request_token)

    def query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[tuple[str, Item]], str | None]:
        return self._table.query(partition, prefix, limit=limit, after=after)

    def scan(self, *, limit: int, after: Key | None) -> tuple[Sequence[tuple[Key, Item]], Key | None]:
        return self._table.scan(limit=limit, after=after)

    def put(self, write: Put) -> None:
        self._table.put(write)

    def delete(self, keys: Sequence[Key]) -> None:
        self._table.delete(keys)


class _ByKey:
    """A bucket that deletes whatever is under a key."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    def delete(self, refs: Sequence[ObjectRef]) -> None:
        for ref in refs:
            there = self._objects.head(ref.key)
            if there is not None:
                self._objects.delete([ObjectRef(ref.key, there.version_id)])

    @property
    def bucket_name(self) -> str:
        return self._objects.bucket_name

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        return self._objects.create(key, body, content_type=content_type, metadata=metadata)

    def head(self, key: str) -> ObjectHead | None:
        return self._objects.head(key)

    def head_version(self, ref: ObjectRef) -> ObjectHead | None:
        return self._objects.head_version(ref)

    def list_versions(
        self, prefix: str, *, limit: int, after: ObjectRef | None
    ) -> tuple[Sequence[ListedObject], ObjectRef | None]:
        return self._objects.list_versions(prefix, limit=limit, after=after)

    def list_folders(self, prefix: str, *, limit: int, after: str | None) -> tuple[Sequence[str], str | None]:
        return self._objects.list_folders(prefix, limit=limit, after=after)

    def get(self, ref: ObjectRef) -> StoredObject | None:
        return self._objects.get(ref)
