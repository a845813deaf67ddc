"""The index over a key-value table: which transaction makes what true."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Final

from artifact_store import _items as items
from artifact_store.errors import StorageUnavailable
from artifact_store.model import ArtifactSummary, Page, Version
from artifact_store.names import ArtifactId, Scope
from artifact_store.ports import (
    ABSENT,
    Check,
    Clock,
    CommitRefused,
    Condition,
    ConditionFailed,
    Delete,
    Grave,
    Head,
    Item,
    Put,
    Row,
    Table,
    Token,
    TransactionConflict,
    Turn,
    Write,
)

__all__ = ["TableIndex"]

_CONFLICT_ATTEMPTS: Final = 12
_LONGEST_CONFLICT_PAUSE: Final = 0.2


class TableIndex:
    """`Index` over a `Table`; see the port for what each method promises."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    @property
    def keeps_time(self) -> bool:
        return True

    @property
    def remembers(self) -> bool:
        return True

    def head(self, artifact: ArtifactId) -> Head | None:
        (item,) = self._table.get([items.head_key(artifact)])
        return items.read_head(artifact, item)

    def head_and_token(self, artifact: ArtifactId, token: str) -> tuple[Head | None, Token | None]:
        head, known = self._table.get([items.head_key(artifact), items.token_key(artifact, token)])
        token_seen = items.read_token(known)
        if token_seen is not None and token_seen.expires_ms < self._clock.now_ms():
            # It stays a while longer, as evidence.
            token_seen = None
        return items.read_head(artifact, head), token_seen

    def turn(self, artifact: ArtifactId, token: str, head: Head | None) -> AbstractContextManager[Turn]:  # noqa: ARG002
        """At once: who loses a number learns from the head, which it reads anyway, that it was committed."""
        return nullcontext(Turn(head))

    def head_and_grave(self, artifact: ArtifactId, gen: str) -> tuple[Head | None, Grave | None]:
        head, grave = self._table.get([items.head_key(artifact), items.grave_key(artifact, gen)])
        return items.read_head(artifact, head), items.read_grave(gen, grave)

    def version_and_token(
        self, artifact: ArtifactId, number: int, gen: str, token: str
    ) -> tuple[Version | None, Token | None]:
        version, known = self._table.get([items.version_key(artifact, number, gen), items.token_key(artifact, token)])
        return items.read_version(artifact, version), items.read_token(known)

    def version(self, artifact: ArtifactId, number: int, gen: str) -> Version | None:
        (item,) = self._table.get([items.version_key(artifact, number, gen)])
        return items.read_version(artifact, item if _is_shown(item) else None)

    def has_token(self, artifact: ArtifactId, gen: str, token: str, *, created_since_ms: int) -> bool:
        prefix = items.versions_prefix(artifact)
        after: str | None = None
        while True:
            rows, after = self._table.query(artifact.scope.partition, prefix, limit=1000, after=after)
            for _, item in rows:
                if (item.get("token"), item["gen"]) == (token, gen) and int(item["created_ms"]) >= created_since_ms:
                    return True
            if after is None:
                return False

    def versions_numbered(self, artifact: ArtifactId, number: int) -> Sequence[Version]:
        prefix = items.versions_prefix(artifact, number)
        found: list[Version] = []
        after: str | None = None
        while True:
            rows, after = self._table.query(artifact.scope.partition, prefix, limit=100, after=after)
            found += [items.read_row(artifact, item).version for _, item in rows if _is_shown(item)]
            if after is None:
                return found

    def rows(self, artifact: ArtifactId, *, limit: int, position: str | None) -> Page[Row]:
        after = items.version_sort(artifact, position) if position is not None else None
        rows, last = self._table.query(
            artifact.scope.partition, items.versions_prefix(artifact), limit=limit, after=after
        )
        found = [items.read_row(artifact, item) for _, item in rows]
        return Page(found, items.version_position(artifact, last) if last else None)

    def buried_rows(self, artifact: ArtifactId, gen: str, *, limit: int, position: str | None) -> Page[Row]:
        page = self.rows(artifact, limit=limit, position=position)
        return Page([row for row in page.items if row.version.gen == gen], page.position)

    def heads(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactSummary]:
        after = items.head_sort(position) if position is not None else None
        rows, last = self._table.query(scope.partition, items.HEADS, limit=limit, after=after)
        summaries = [items.read_summary(scope, sort, item) for sort, item in rows if _is_shown(item)]
        return Page(summaries, items.head_position(last) if last else None)

    def names(self, scope: Scope, *, limit: int, position: str | None) -> Page[ArtifactId]:
        page, now = self.heads(scope, limit=limit, position=position), self._clock.now_ms()
        living = [summary.artifact for summary in page.items if not summary.has_expired(now)]
        return Page(living, page.position)

    def graves(self, scope: Scope, *, limit: int, position: str | None) -> Page[tuple[ArtifactId, Grave]]:
        rows, last = self._table.query(scope.partition, items.GRAVES, limit=limit, after=position)
        return Page([items.read_buried(scope, sort, item) for sort, item in rows], last)

    def commit(self, version: Version, *, token: str, fingerprint: str, salt: str = "") -> None:
        artifact, gen, number = version.artifact, version.gen, version.number
        head = Put(
            items.head_key(artifact),
            items.head_item(version),
            Condition(equals={"gen": gen, "next": number}) if number else ABSENT,
        )
        writes: list[Write] = [
            head,
            Put(items.version_key(artifact, number, gen), items.version_item(version, token=token), ABSENT),
            Put(
                items.token_key(artifact, token),
                items.token_item(version, fingerprint=fingerprint),
                # Judged by the record's own time, so that every helper's request is the same. A token of this
                # very object is what an index keeps that lost the rest.
                Condition(expired_at=version.created_ms // 1000, equals={"version_id": version.version_id}),
            ),
        ]
        if version.expires_ms is not None:
            # One timer for a life, which every save of it moves on.
            writes.append(Put(items.timer_key(artifact, gen), items.timer_item(version.expires_ms), None))
        if number == 0:
            # A later number needs a live head of its generation, which no buried one has.
            writes.append(Check(items.grave_key(artifact, gen), ABSENT))
        self._transact(writes, f"commit {gen} {number} {version.version_id}{salt}")

    def restore(self, version: Version, *, token: str) -> None:
        artifact, gen = version.artifact, version.gen
        self._transact(
            [
                Check(items.head_key(artifact), Condition(equals={"gen": gen})),
                Put(items.version_key(artifact, version.number, gen), items.version_item(version, token=token), ABSENT),
            ],
            f"restore {gen} {version.number} {version.version_id} {self._clock.now_ms()}",
        )

    def bury(self, artifact: ArtifactId, head: Head, *, expired: bool = False) -> None:
        grave = Grave(gen=head.gen, next=head.next, confirmed=False, buried_ms=self._clock.now_ms())
        seen: Item = {"gen": head.gen, "next": head.next} if expired else {"gen": head.gen}
        writes: list[Write] = [
            Delete(items.head_key(artifact), Condition(equals=seen)),
            Put(items.grave_key(artifact, head.gen), items.grave_item(grave), ABSENT),
        ]
        if head.latest.expires_ms is not None and not expired:
            # Of what has expired it stays: its end is what makes somebody purge the rest.
            writes.append(Delete(items.timer_key(artifact, head.gen), None))
        self._transact(writes, f"bury {grave} {items.head_key(artifact)}")

    def _transact(self, writes: Sequence[Write], purpose: str) -> None:
        """Does a transaction, always with the same request token."""
        request_token = hashlib.sha256(purpose.encode()).hexdigest()[:36]
        try:
            self._through_conflicts(lambda: self._table.transact(writes, request_token=request_token))
        except ConditionFailed:
            raise CommitRefused from None

    def _through_conflicts(self, write: Callable[[], None]) -> None:
        """Repeats a write while transactions of others are in its way."""
        pause = 0.005
        for _ in range(_CONFLICT_ATTEMPTS):
            try:
                write()
            except TransactionConflict:
                self._clock.sleep(random.uniform(pause / 2, pause))  # noqa: S311 - jitter
                pause = min(pause * 2, _LONGEST_CONFLICT_PAUSE)
            else:
                return
        raise StorageUnavailable("DynamoDB keeps reporting conflicting transactions")

    def grave(self, artifact: ArtifactId, gen: str) -> Grave | None:
        (item,) = self._table.get([items.grave_key(artifact, gen)])
        return items.read_grave(gen, item)

    def widen_grave(self, artifact: ArtifactId, grave: Grave) -> None:
        self._put_grave(artifact, grave, expires_at=None)

    def confirm_grave(self, artifact: ArtifactId, gen: str) -> None:
        grave = self.grave(artifact, gen)
        if grave is None or grave.confirmed:
            return
        confirmed = replace(grave, confirmed=True)
        now = self._clock.now_ms() // 1000
        self._put_grave(artifact, confirmed, expires_at=now + items.KEPT_SECONDS)

    def _put_grave(self, artifact: ArtifactId, grave: Grave, *, expires_at: int | None) -> None:
        put = Put(
            items.grave_key(artifact, grave.gen),
            items.grave_item(grave, expires_at=expires_at),
            Condition(equals={"confirmed": False}),
        )
        try:
            self._through_conflicts(lambda: self._table.put(put))
        except ConditionFailed:
            # Another purge of this generation has finished the work.
            return

    def remove_versions(self, versions: Sequence[Version]) -> None:
        self._table.delete([items.version_key(v.artifact, v.number, v.gen) for v in versions])


def _is_shown(item: Item | None) -> bool:
    """Whether S3 still has what the item stands for."""
    return item is not None and not item.get("lost", False)
