"""Erasure: the deletion of everything of one user, as a job. How far it has come is kept in the index table.

    partition                sort key       what
    !erasures:app/user       current        the job that runs, or ran last
                             past#id        one before that

A user has one running job at most. A job is worked off in sittings; one at a time holds it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias, cast

from artifact_store.errors import DeletionNotFound, InvalidInput, StorageUnavailable
from artifact_store.ids import new_id
from artifact_store.names import Scope, parse_scope
from artifact_store.ports import (
    ABSENT,
    Clock,
    Condition,
    ConditionFailed,
    Item,
    Key,
    Put,
    Scalar,
    Table,
    TransactionConflict,
)

__all__ = ["Erasure", "ErasureBusy", "ErasureRequest", "ErasureStatus", "Erasures", "InvalidErasureRequest"]

ErasureStatus: TypeAlias = Literal["running", "done", "failed"]

_KEPT_SECONDS: Final = 30 * 24 * 60 * 60
_CURRENT: Final = "current"
_STARTS: Final = 5
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_OF_THE_HOLDER: Final = frozenset({"holder", "valid_until"})


class ErasureBusy(Exception):
    """Another sitting holds the job, or has gone on with it."""


class InvalidErasureRequest(ValueError):
    """The text is no request for an erasure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A job.

    Attributes:
        scope: The user's scope.
        id: Of 32 hex digits.
        status: Whether it runs, is done, or was given up.
        sessions: How many sessions were gone through.
        artifacts: How many artifacts were deleted. After a crash both may be less than it was.
        started_ms: Whatever was saved before is gone when the job is done.
        finished_ms: When it was done or given up.
        after: The bookmark: where the list of the user's folders goes on; empty at its start, None at its end.
        begun: The folders before it that may not be empty yet. A list would not show one whose objects are gone,
            though its index entries may not be.
        failures: Sittings in a row that storage ended.
    """

    scope: Scope
    id: str
    status: ErasureStatus = "running"
    sessions: int = 0
    artifacts: int = 0
    started_ms: int
    finished_ms: int | None = None
    after: str | None = ""
    begun: tuple[str, ...] = ()
    failures: int = 0


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """What a queue carries: which job to go on with."""

    scope: Scope
    id: str

    def to_text(self) -> str:
        """As a queue carries it."""
        return json.dumps({"user": _name(self.scope), "job": self.id})

    @classmethod
    def of_text(cls, text: str) -> ErasureRequest:
        """The inverse of `to_text`.

        Raises:
            InvalidErasureRequest: It is something else.
        """
        try:
            value: Any = json.loads(text)
            scope, job = parse_scope(value["user"]), value["job"]
        except (ValueError, KeyError, TypeError, AttributeError, InvalidInput):
            raise InvalidErasureRequest("no request for an erasure") from None
        if scope.session is not None or not isinstance(job, str) or not job:
            raise InvalidErasureRequest("no request for an erasure")
        return cls(scope, job)


class Erasures:
    """The jobs, kept in the index table. A job that ended is forgotten a month later."""

    def __init__(self, table: Table, clock: Clock, *, make_id: Callable[[], str] = new_id) -> None:
        """Args: table: The index table. clock: Time. make_id: Makes ids of jobs."""
        self._table = table
        self._clock = clock
        self._make_id = make_id

    def start(self, scope: Scope) -> Erasure:
        """Starts a job for a user, or finds the one that runs.

        Raises:
            StorageUnavailable: Repeat.
        """
        for _ in range(_STARTS):
            (item,) = self._table.get([_key(scope, _CURRENT)])
            if item is not None and item["status"] == "running":
                return _read(scope, item)
            job = Erasure(scope=scope, id=self._make_id(), started_ms=self._clock.now_ms())
            try:
                self._put_first(job, before=item)
            except (ConditionFailed, TransactionConflict):
                continue
            return job
        raise StorageUnavailable("jobs of this user start and end faster than this one")

    def _put_first(self, job: Erasure, *, before: Item | None) -> None:
        key, item = _key(job.scope, _CURRENT), _item(job, holder="", until=0)
        if before is None:
            self._table.put(Put(key, item, ABSENT))
            return
        past = {name: value for name, value in before.items() if name not in _OF_THE_HOLDER}
        self._table.transact(
            [
                Put(key, item, Condition(equals={"job": before["job"], "status": before["status"]})),
                Put(_key(job.scope, f"past#{before['job']}"), past, ABSENT),
            ],
            request_token=hashlib.sha256(f"erase {job.id}".encode()).hexdigest()[:36],
        )

    def get(self, scope: Scope, job: str) -> Erasure:
        """Tells how a job stands.

        Raises:
            DeletionNotFound: There is no such job of this user.
        """
        # What else callers may write would be too long for a key.
        keys = [_key(scope, _CURRENT), _key(scope, f"past#{job}")] if _ID.fullmatch(job) else []
        for item in self._table.get(keys) if keys else []:
            if item is not None and item["job"] == job:
                return _read(scope, item)
        raise DeletionNotFound("there is no such deletion of this user")

    def take(self, scope: Scope, job: str, *, holder: str, seconds: float) -> Erasure | None:
        """Takes a job for so long at most; None when it has ended.

        Raises:
            ErasureBusy: Another sitting has it.
        """
        (item,) = self._table.get([_key(scope, _CURRENT)])
        if item is None or item["job"] != job or item["status"] != "running":
            return None
        now = self._clock.now_ms() // 1000
        if int(item["valid_until"]) >= now:
            raise ErasureBusy
        found = _read(scope, item)
        seen = {name: item[name] for name in ("job", "holder", "valid_until")}
        self._put(found, holder=holder, until=now + int(seconds), condition=Condition(equals=seen))
        return found

    def keep(self, job: Erasure, *, holder: str, seconds: float) -> None:
        """Notes how far a job has come, and holds it so long at most from now on; 0 lets go of it.

        Raises:
            ErasureBusy: It was held for too long and is another sitting's now.
        """
        until = self._clock.now_ms() // 1000 + int(seconds) if seconds > 0 else 0
        mine = Condition(equals={"job": job.id, "holder": holder})
        self._put(job, holder=holder if until else "", until=until, condition=mine)

    def end(self, job: Erasure, status: ErasureStatus, *, holder: str) -> Erasure:
        """Notes that a job is done or given up.

        Raises:
            ErasureBusy: It was held for too long and is another sitting's now.
        """
        ended = replace(job, status=status, finished_ms=self._clock.now_ms())
        self._put(ended, holder="", until=0, condition=Condition(equals={"job": job.id, "holder": holder}))
        return ended

    def _put(self, job: Erasure, *, holder: str, until: int, condition: Condition) -> None:
        try:
            self._table.put(Put(_key(job.scope, _CURRENT), _item(job, holder=holder, until=until), condition))
        except (ConditionFailed, TransactionConflict):
            raise ErasureBusy from None


def _name(scope: Scope) -> str:
    return scope.user_scope.key_prefix.rpartition("/")[0]


def _key(scope: Scope, sort: str) -> Key:
    # No artifact's partition starts so.
    return f"!erasures:{_name(scope)}", sort


def _item(job: Erasure, *, holder: str, until: int) -> Item:
    attributes: dict[str, Scalar | None] = {
        "job": job.id,
        "status": job.status,
        "sessions": job.sessions,
        "artifacts": job.artifacts,
        "started_ms": job.started_ms,
        "finished_ms": job.finished_ms,
        "after": job.after,
        # Encoded names have no space.
        "begun": " ".join(job.begun),
        "failures": job.failures,
        "holder": holder,
        "valid_until": until,
        "expires_at": job.finished_ms // 1000 + _KEPT_SECONDS if job.finished_ms is not None else None,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def _read(scope: Scope, item: Item) -> Erasure:
    attributes = cast("dict[str, Any]", item)
    return Erasure(
        scope=scope,
        id=attributes["job"],
        status=attributes["status"],
        sessions=attributes["sessions"],
        artifacts=attributes["artifacts"],
        started_ms=attributes["started_ms"],
        finished_ms=attributes.get("finished_ms"),
        after=attributes.get("after"),
        begun=tuple(attributes["begun"].split()),
        failures=attributes["failures"],
    )
