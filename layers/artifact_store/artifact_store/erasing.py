"""Erase: works off the deletion of a user, in sittings that may end or crash anywhere.

The user's sessions are the folders of the bucket below the user's own. Of each one everything that lives is
deleted, then what deleted artifacts left is removed, then objects are settled that a crashed save left behind.
Only then the bookmark moves on. Whatever is interrupted is done again: deleting twice is deleting once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from artifact_store._clearing import Cleared, Clearer
from artifact_store._healing import Healer
from artifact_store._settling import Outcome
from artifact_store.erasures import Erasure, ErasureBusy, Erasures, ErasureStatus
from artifact_store.errors import ArtifactStoreError, InvalidInput, Unavailable
from artifact_store.names import Scope, parse_scope
from artifact_store.ports import Each, Ports

__all__ = ["Eraser"]

_FOLDERS_AT_ONCE: Final = 50
_ROUNDS: Final = 2
_GRACE_SECONDS: Final = 60.0
"""How much longer than its time a sitting holds its job: what is begun just before the end has to end."""

_LEFTOVERS: Final = 1000
_MOST_FAILURES: Final = 5
"""So many sittings in a row may fail before a job is given up."""

_CAME_ALIVE: Final = frozenset({Outcome.COMMITTED, Outcome.RESTORED})


class Eraser:
    """Goes on with jobs."""

    def __init__(self, ports: Ports, erasures: Erasures, *, each: Each) -> None:
        """Puts it together.

        Args:
            ports: What the store stands on.
            erasures: The jobs.
            each: Works on several artifacts at a time.
        """
        self._objects = ports.objects
        self._clock = ports.clock
        self._healer = Healer(ports)
        self._clearer = Clearer(ports, each=each)
        self._erasures = erasures
        self._each = each

    def work(self, scope: Scope, job: str, *, holder: str, seconds: float) -> bool:
        """Goes on with a job for about so many seconds.

        Args:
            scope: The user's scope.
            job: Which job.
            holder: A name that no other sitting has.
            seconds: How long.

        Returns:
            Whether there is nothing left to do for this sitting or one that follows it.

        Raises:
            ArtifactStoreError: Storage failed; go on later. After five times in a row the job is given up.
        """
        end = self._clock.monotonic() + seconds
        try:
            found = self._erasures.take(scope, job, holder=holder, seconds=seconds + _GRACE_SECONDS)
            if found is None:
                return True
            return self._sit(_Sitting(self._erasures, found, holder), end)
        except ErasureBusy:
            # Whoever has it hands it on, or dies, and its request comes back.
            return True

    def _sit(self, sitting: _Sitting, end: float) -> bool:
        try:
            return self._go_on(sitting, end)
        except ErasureBusy:
            raise
        except Exception:
            sitting.fail()
            raise

    def _go_on(self, sitting: _Sitting, end: float) -> bool:
        while True:
            if not sitting.job.begun and sitting.job.after is not None:
                sitting.begin(*self._folders(sitting.job))
                left = end - self._clock.monotonic()
                sitting.keep(seconds=left + _GRACE_SECONDS if left > 0 else 0)
                if left <= 0:
                    return False
            scopes = [parse_scope(folder) for folder in sitting.job.begun]
            erased = self._erase(scopes, end)
            sitting.count(artifacts=erased.artifacts)
            if erased.failure is not None:
                raise erased.failure
            if not erased.complete:
                sitting.keep(seconds=0)
                return False
            sitting.count(sessions=sum(scope.session is not None for scope in scopes))
            sitting.empty()
            if sitting.job.after is None:
                sitting.end("done")
                return True

    def _folders(self, job: Erasure) -> tuple[list[str], str | None]:
        prefix = job.scope.key_prefix.rpartition("/")[0] + "/"
        folders, rest = self._objects.list_folders(prefix, limit=_FOLDERS_AT_ONCE, after=job.after or None)
        return [folder.rstrip("/") for folder in folders if _is_scope(folder.rstrip("/"))], rest

    def _erase(self, scopes: Sequence[Scope], end: float) -> Cleared:
        """Deletes what lives, removes what was deleted, settles what nobody committed; once more if that came alive."""
        artifacts = 0
        for _ in range(_ROUNDS):
            cleared = self._clearer.clear(scopes, give_up_at=end)
            artifacts += cleared.artifacts
            if not cleared.complete:
                return Cleared(artifacts, complete=False, failure=cleared.failure)
            try:
                if not self._clearer.purge(scopes, give_up_at=end):
                    return Cleared(artifacts, complete=False)
                if not self._settle(scopes):
                    break
            except Unavailable as failure:
                return Cleared(artifacts, complete=False, failure=failure)
        return Cleared(artifacts, complete=True)

    def _settle(self, scopes: Sequence[Scope]) -> bool:
        """Settles objects that are left; returns whether one of them became a version."""
        listed = self._each(self._left_in, scopes)
        outcomes = self._each(self._healer.heal, [key for keys in listed for key in keys])
        return any(outcome in _CAME_ALIVE for outcome in outcomes)

    def _left_in(self, scope: Scope) -> list[str]:
        found, _ = self._objects.list_versions(f"{scope.key_prefix}/", limit=_LEFTOVERS, after=None)
        return [listed.ref.key for listed in found if listed.latest and not listed.marker]


class _Sitting:
    """A job as the sitting that holds it knows it."""

    def __init__(self, erasures: Erasures, job: Erasure, holder: str) -> None:
        self.job = job
        self._erasures = erasures
        self._holder = holder

    def count(self, *, artifacts: int = 0, sessions: int = 0) -> None:
        self.job = replace(self.job, artifacts=self.job.artifacts + artifacts, sessions=self.job.sessions + sessions)

    def begin(self, folders: Sequence[str], after: str | None) -> None:
        self.job = replace(self.job, begun=tuple(folders), after=after)

    def empty(self) -> None:
        self.job = replace(self.job, begun=(), failures=0)

    def keep(self, *, seconds: float) -> None:
        self._erasures.keep(self.job, holder=self._holder, seconds=seconds)

    def end(self, status: ErasureStatus) -> None:
        self._erasures.end(self.job, status, holder=self._holder)

    def fail(self) -> None:
        """Notes that storage ended this sitting, if storage takes the note."""
        self.job = replace(self.job, failures=self.job.failures + 1)
        with suppress(ErasureBusy, ArtifactStoreError):
            if self.job.failures >= _MOST_FAILURES:
                self.end("failed")
            else:
                self.keep(seconds=0)


def _is_scope(folder: str) -> bool:
    """Whether the store has made a folder."""
    try:
        parse_scope(folder)
    except InvalidInput:
        return False
    return True
