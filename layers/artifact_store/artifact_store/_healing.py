"""Heal: settles what a crashed save left, from nothing but an object's key."""

from __future__ import annotations

from typing import Final

from artifact_store._settling import Outcome, Settler
from artifact_store.errors import Contention, InvalidInput
from artifact_store.names import parse_object_key
from artifact_store.ports import Ports

__all__ = ["Healer"]

_LOOKS: Final = 5
_PAUSE: Final = 0.1


class Healer:
    """Settles single objects."""

    def __init__(self, ports: Ports) -> None:
        self._index = ports.index
        self._clock = ports.clock
        self._parallel = ports.parallel
        self._settler = Settler(ports)

    def heal(self, key: str) -> Outcome:
        """Does what `ArtifactStore.heal` says."""
        try:
            artifact, number = parse_object_key(key)
            artifact.scope.refuse_reserved_session()
        except InvalidInput:
            return Outcome.IGNORED
        head, known = self._parallel(
            lambda: self._index.head(artifact),
            lambda: self._index.versions_numbered(artifact, number),
        )
        if head is not None and any(version.gen == head.gen for version in known):
            # The usual case: the save was healthy. What else may lie under its key is left to reconcile.
            return Outcome.KNOWN
        for _ in range(_LOOKS):
            record = self._settler.read(artifact, number)
            if record is None:
                return Outcome.GONE
            outcome = self._settler.settle(record)
            if outcome is not Outcome.RACING:
                return outcome
            self._clock.sleep(_PAUSE)
        raise Contention("the artifact changes faster than it can be looked at")
