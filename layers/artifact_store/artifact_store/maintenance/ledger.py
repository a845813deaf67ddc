"""The index as maintenance sees it: every entry, and writes that mend one where nobody else changed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, cast

from artifact_store import _items as items
from artifact_store.errors import InvalidInput
from artifact_store.model import Part, Version
from artifact_store.names import MAX_VERSION, ArtifactId, Scope, decode
from artifact_store.ports import (
    ABSENT,
    Check,
    Clock,
    Condition,
    ConditionFailed,
    Delete,
    Grave,
    Item,
    Key,
    Put,
    Row,
    Table,
    TransactionConflict,
    Write,
)

__all__ = ["Entry", "Ledger", "Moved", "parse_key"]

_BATCH: Final = 100
_PAGE: Final = 1000

EntryKind: TypeAlias = Literal["head", "version", "token", "grave", "timer"]
_KINDS: Final[Mapping[str, EntryKind]] = {"h": "head", "v": "version", "t": "token", "d": "grave", "x": "timer"}


class Moved(Exception):
    """Somebody else changed the item meanwhile; nothing was written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of the index.

    Attributes:
        kind: What it is.
        artifact: Whose it is; None for a token.
        gen: Which life it belongs to, for a version, a grave or a timer.
        item: Its attributes.
    """

    kind: EntryKind
    artifact: ArtifactId | None
    gen: str
    item: Item


def parse_key(key: Key) -> tuple[EntryKind, ArtifactId | None, str] | None:
    """Reads an item's key: what it is, whose, of which life; None if it is none of the index's."""
    kind, _, rest = key[1].partition("#")
    if kind not in _KINDS:
        return None
    try:
        scope = _scope(key[0])
        if kind == "t":
            return "token", None, ""
        name, *numbered = rest.split("#")
        return _KINDS[kind], ArtifactId(scope, decode(name)), numbered[-1] if numbered else ""
    except (InvalidInput, ValueError):
        return None


def _scope(partition: str) -> Scope:
    kind, _, rest = partition.partition(":")
    parts = [decode(part) for part in rest.split("/")]
    if (kind, len(parts)) not in {("s", 3), ("u", 2)}:
        raise ValueError("no partition of artifacts")
    return Scope(*parts)


@contextmanager
def _unless_moved() -> Iterator[None]:
    try:
        yield
    except (ConditionFailed, TransactionConflict):
        raise Moved from None


class Ledger:
    """Reads and mends index entries. Every write has a condition, so that it loses against anybody else's."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def scan(self, *, limit: int, after: Key | None) -> tuple[Sequence[Entry | Key], Key | None]:
        """Reads entries of every partition; a key stands for an item that is none of the index's."""
        rows, position = self._table.scan(limit=limit, after=after)
        found: list[Entry | Key] = []
        for key, item in rows:
            parsed = parse_key(key)
            found.append(Entry(*parsed, item) if parsed else key)
        return found, position

    def head(self, artifact: ArtifactId) -> Item | None:
        """Reads a head as it is written."""
        return self._table.get([items.head_key(artifact)])[0]

    def without_head(self, artifacts: Iterable[ArtifactId]) -> list[ArtifactId]:
        """Which of these artifacts have no head."""
        wanted = list(artifacts)
        found: list[Item | None] = []
        for start in range(0, len(wanted), _BATCH):
            found += self._table.get([items.head_key(artifact) for artifact in wanted[start : start + _BATCH]])
        return [artifact for artifact, head in zip(wanted, found, strict=True) if head is None]

    def graves(self, artifact: ArtifactId, gens: Sequence[str]) -> dict[str, Grave]:
        """Reads the graves there are of some generations."""
        graves: dict[str, Grave] = {}
        for start in range(0, len(gens), _BATCH):
            batch = gens[start : start + _BATCH]
            for gen, item in zip(
                batch, self._table.get([items.grave_key(artifact, gen) for gen in batch]), strict=True
            ):
                grave = items.read_grave(gen, item)
                if grave is not None:
                    graves[gen] = grave
        return graves

    def graves_of(self, scope: Scope) -> Iterator[tuple[ArtifactId, Grave]]:
        """Reads all graves of a scope."""
        after: str | None = None
        while True:
            page, after = self._table.query(scope.partition, items.GRAVES, limit=_PAGE, after=after)
            for sort, item in page:
                parsed = parse_key((scope.partition, sort))
                if parsed is not None and parsed[1] is not None:
                    yield parsed[1], cast("Grave", items.read_grave(parsed[2], item))
            if after is None:
                return

    def all_graves(self) -> Iterator[tuple[ArtifactId, Grave]]:
        """Reads all graves of the table."""
        after: Key | None = None
        while True:
            page, after = self.scan(limit=_PAGE, after=after)
            for entry in page:
                if isinstance(entry, Entry) and entry.kind == "grave" and entry.artifact is not None:
                    yield entry.artifact, cast("Grave", items.read_grave(entry.gen, entry.item))
            if after is None:
                return

    def rows(self, artifact: ArtifactId, first: int = 0, last: int = MAX_VERSION) -> Iterator[Row]:
        """Reads entries of versions `first` to `last` in ascending order, of every life, page by page."""
        prefix = items.versions_prefix(artifact)
        # `!` is lower and `~` higher than whatever a generation starts with.
        after = None if first == 0 else f"{items.versions_prefix(artifact, first - 1)}~"
        limit = min(_PAGE, last - first + 5)
        while True:
            page, after = self._table.query(artifact.scope.partition, prefix, limit=limit, after=after)
            for _, item in page:
                row = items.read_row(artifact, item)
                if row.version.number > last:
                    return
                yield row
            if after is None:
                return

    def mark(self, row: Row, *, lost: bool) -> None:
        """Marks an entry as lost, or as found again.

        Raises:
            Moved: It is not the same any more.
        """
        version = row.version
        with _unless_moved():
            self._table.put(
                Put(
                    items.version_key(version.artifact, version.number, version.gen),
                    items.version_item(version, token=row.token, lost=lost),
                    Condition(equals={"version_id": version.version_id}),
                )
            )

    def put_lost(self, artifact: ArtifactId, gen: str, number: int) -> None:
        """Notes that nothing is left of a version that the living generation has passed.

        Raises:
            Moved: There is an entry, or the generation does not live.
        """
        self._transact(
            Check(items.head_key(artifact), Condition(equals={"gen": gen})),
            self._lost(artifact, gen, number),
        )

    def _lost(self, artifact: ArtifactId, gen: str, number: int) -> Put:
        version = Version(
            artifact=artifact,
            number=number,
            gen=gen,
            version_id="",
            size=0,
            sha256=None,
            part=Part(),
            custom_metadata={},
            created_ms=self._clock.now_ms(),
        )
        item = items.version_item(version, token=None, lost=True)
        return Put(items.version_key(artifact, number, gen), item, ABSENT)

    @staticmethod
    def head_for(latest: Row, *, following: int) -> Item:
        """The head that a generation with this latest version and this next number should have.

        Args:
            latest: The latest version that is not lost; the latest of all if every one is.
            following: The next number.
        """
        item = dict(items.head_item(latest.version))
        if latest.version.number != following - 1:
            item["number"] = latest.version.number
        if latest.lost:
            item["lost"] = True
        return {**item, "next": following}

    def restore_head(self, artifact: ArtifactId, gen: str, head: Item) -> None:
        """Puts back the head of a generation that was never deleted.

        Raises:
            Moved: There is a head, or the generation has a grave.
        """
        self._transact(Put(items.head_key(artifact), head, ABSENT), Check(items.grave_key(artifact, gen), ABSENT))

    def pass_over(self, artifact: ArtifactId, seen: Item) -> None:
        """Moves a head past its next number, of which nothing is left.

        Raises:
            Moved: The head is not the one that was seen, or there is an entry.
        """
        number = int(seen["next"])
        latest = seen.get("number", number - 1)
        self._transact(
            Put(
                items.head_key(artifact),
                {**seen, "number": latest, "next": number + 1},
                Condition(equals=seen),
            ),
            self._lost(artifact, str(seen["gen"]), number),
        )

    def mend_head(self, artifact: ArtifactId, seen: Item, head: Item) -> None:
        """Puts a head in place of the one that was seen.

        Raises:
            Moved: It is not the one that was seen.
        """
        with _unless_moved():
            self._table.put(Put(items.head_key(artifact), head, Condition(equals=seen)))

    def drop_head(self, artifact: ArtifactId, seen: Item) -> None:
        """Removes a head that stands for nothing.

        Raises:
            Moved: It is not the one that was seen.
        """
        self._transact(Delete(items.head_key(artifact), Condition(equals=seen)))

    def remove(self, rows: Sequence[Row]) -> None:
        """Removes entries of a generation that is dead."""
        self._table.delete(
            [items.version_key(row.version.artifact, row.version.number, row.version.gen) for row in rows]
        )

    def _transact(self, *writes: Write) -> None:
        token = hashlib.sha256(f"{self._clock.now_ms()} {writes}".encode()).hexdigest()[:36]
        with _unless_moved():
            self._table.transact(writes, request_token=token)
