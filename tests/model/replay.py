"""The store's own code as a coroutine: run again from its start with the answers it has had so far.

An operation of the store is a deterministic function of the answers to its storage calls. So where it
stands is told by those answers, and its next call is found by running it from the beginning: recorded
answers are given back, and the first call without one stops it. Nothing of the store is rewritten,
no thread is needed, and many operations under way can be copied, compared and continued in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from artifact_store.index import TableIndex
from artifact_store.ports import Item, Key, ListedObject, ObjectHead, ObjectRef, Ports, Put, StoredObject, Write
from artifact_store.transfers import PendingUpload, UploadedPart
from tests.model.operations import Again, Answer, Operation
from tests.model.worlds import Call, Raised, frozen

__all__ = ["ORDER", "Attempt", "Weaken", "Where"]

ORDER: Final = "order"
"""A call that asks the scheduler, not storage: in which order are two calls done that may overlap?"""

SECONDS_PER_PAUSE: Final = 0.25

Weaken = Callable[[Ports], Ports]
"""Takes a safety away, to see that it is needed."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at an operation.

    Attributes:
        operation: What is attempted.
        number: What generated ids are made of; not shared by attempts that create objects.
        start: When it starts, in milliseconds since 1970.
        weaken: Takes a safety away.
    """

    operation: Operation
    number: int
    start: int
    weaken: Weaken | None


@dataclass(frozen=True, slots=True)
class _Entry:
    call: Call
    answer: Any
    now: int


class _Suspended(BaseException):
    """The operation waits for an answer. Not an Exception, so that nothing handles it."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call


class Where:
    """Where an attempt stands: which answers it has had, and what it asks next or what came out.

    Attributes:
        attempt: Whose it is.
        call: The call it waits for; None when it is done.
        outcome: What the operation returned or raised, once it is done.
        created: Whether it has created an object, or may have.
    """

    __slots__ = ("_children", "_entries", "attempt", "call", "created", "outcome")

    def __init__(self, attempt: Attempt, entries: tuple[_Entry, ...] = (), *, created: bool = False) -> None:
        self.attempt = attempt
        self.created = created
        self.call: Call | None = None
        self.outcome: Answer | Again | Exception = None
        self._entries = entries
        self._children: dict[Hashable, Where] = {}
        ports = _Replay(attempt, entries).ports
        try:
            self.outcome = attempt.operation.run(attempt.weaken(ports) if attempt.weaken else ports)
        except _Suspended as suspended:
            self.call = suspended.call
        except Exception as error:  # noqa: BLE001 - whatever comes out is judged
            self.outcome = error

    def answered(self, answer: Any, now: int, *, created: bool = False) -> Where:
        """Where it stands once it has this answer.

        Args:
            answer: To the call it waits for.
            now: When it came.
            created: Whether the call has created an object, or may do so later.
        """
        key = frozen(answer), now, created
        child = self._children.get(key)
        if child is None:
            assert self.call is not None
            entries = (*self._entries, _Entry(self.call, answer, now))
            child = Where(self.attempt, entries, created=self.created or created)
            self._children[key] = child
        return child

    @property
    def at_start(self) -> bool:
        """Whether nobody can know of it yet."""
        return not self._entries

    @property
    def repeats(self) -> bool:
        """Whether the next call is the last one once more."""
        return bool(self._entries) and self._entries[-1].call == self.call

    @property
    def version(self) -> int:
        """Numbers the S3 version that the next call may create."""
        return self.attempt.number * 1000 + len(self._entries)


class _Replay:
    """Ports that give recorded answers in their order; also the attempt's clock."""

    def __init__(self, attempt: Attempt, entries: Sequence[_Entry]) -> None:
        self._attempt = attempt
        self._entries = entries
        self._next = 0
        self._ids = 0
        self._pauses = 0
        self._now = attempt.start
        self.ports = Ports(
            objects=_Objects(self.ask),
            transfers=_transfers(self.ask),
            index=TableIndex(_Table(self.ask), self),
            clock=self,
            parallel=self._in_either_order,
            new_id=self._new_id,
        )

    def ask(self, name: str, *args: Any, **options: Any) -> Any:
        if self._next == len(self._entries):
            raise _Suspended(Call(name, args, options))
        entry = self._entries[self._next]
        self._next += 1
        # Each call is the last one once, so each is compared as a whole when it is first repeated.
        same = entry.call.name == name and (self._next < len(self._entries) or entry.call == Call(name, args, options))
        assert same, "the operation is not deterministic"
        self._now = entry.now
        if isinstance(entry.answer, Raised):
            entry.answer.throw()
        return entry.answer

    def _new_id(self) -> str:
        self._ids += 1
        return f"{self._now:012x}{self._attempt.number:016x}{self._ids:04x}"

    def _in_either_order(self, first: Callable[[], Any], second: Callable[[], Any]) -> tuple[Any, Any]:
        if self.ask(ORDER):
            later = second()
            return first(), later
        return first(), second()

    def now_ms(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._now / 1000 + self._pauses * SECONDS_PER_PAUSE

    def sleep(self, seconds: float) -> None:
        """Others may act before every call anyway, so a pause is only counted."""
        assert seconds >= 0
        self._pauses += 1


class _Objects:
    """S3, asked by name."""

    bucket_name = "model"

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def create(self, key: str, body: bytes, *, content_type: str | None, metadata: Mapping[str, str]) -> str:
        version_id: str = self._ask("objects.create", key, body, content_type=content_type, metadata=dict(metadata))
        return version_id

    def head(self, key: str) -> ObjectHead | None:
        head: ObjectHead | None = self._ask("objects.head", key)
        return head

    def head_version(self, ref: ObjectRef) -> ObjectHead | None:
        head: ObjectHead | None = self._ask("objects.head_version", ref)
        return head

    def list_versions(
        self, prefix: str, *, limit: int, after: ObjectRef | None
    ) -> tuple[Sequence[ListedObject], ObjectRef | None]:
        page: tuple[Sequence[ListedObject], ObjectRef | None] = self._ask(
            "objects.list_versions", prefix, limit=limit, after=after
        )
        return page

    def list_folders(self, prefix: str, *, limit: int, after: str | None) -> tuple[Sequence[str], str | None]:
        page: tuple[Sequence[str], str | None] = self._ask("objects.list_folders", prefix, limit=limit, after=after)
        return page

    def get(self, ref: ObjectRef) -> StoredObject | None:
        stored: StoredObject | None = self._ask("objects.get", ref)
        return stored

    def delete(self, refs: Sequence[ObjectRef]) -> None:
        self._ask("objects.delete", list(refs))


class _Transfers:
    """Multipart uploads, asked by name; nothing else of direct transfer is."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def parts(self, key: str, upload_id: str, *, after: int, limit: int) -> tuple[Sequence[UploadedPart], int | None]:
        page: tuple[Sequence[UploadedPart], int | None] = self._ask(
            "transfers.parts", key, upload_id, after=after, limit=limit
        )
        return page

    def complete(self, key: str, upload_id: str, parts: Sequence[UploadedPart]) -> str:
        version_id: str = self._ask("transfers.complete", key, upload_id, list(parts))
        return version_id

    def abort(self, key: str, upload_id: str) -> None:
        self._ask("transfers.abort", key, upload_id)

    def pending(
        self, prefix: str, *, after: PendingUpload | None
    ) -> tuple[Sequence[PendingUpload], PendingUpload | None]:
        page: tuple[Sequence[PendingUpload], PendingUpload | None] = self._ask("transfers.pending", prefix, after=after)
        return page


def _transfers(ask: Callable[..., Any]) -> Any:
    return _Transfers(ask)


class _Table:
    """DynamoDB, asked by name."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask

    def get(self, keys: Sequence[Key]) -> Sequence[Item | None]:
        items: Sequence[Item | None] = self._ask("table.get", list(keys))
        return items

    def query(
        self, partition: str, prefix: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[tuple[str, Item]], str | None]:
        page: tuple[Sequence[tuple[str, Item]], str | None] = self._ask(
            "table.query", partition, prefix, limit=limit, after=after
        )
        return page

    def scan(self, *, limit: int, after: Key | None) -> tuple[Sequence[tuple[Key, Item]], Key | None]:
        page: tuple[Sequence[tuple[Key, Item]], Key | None] = self._ask("table.scan", limit=limit, after=after)
        return page

    def transact(self, writes: Sequence[Write], *, request_token: str) -> None:
        self._ask("table.transact", list(writes), request_token=request_token)

    def put(self, write: Put) -> None:
        self._ask("table.put", write)

    def delete(self, keys: Sequence[Key]) -> None:
        self._ask("table.delete", list(keys))
