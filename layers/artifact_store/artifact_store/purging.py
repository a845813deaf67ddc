"""What is asked of whoever ends a purge: which deleted generation of which artifact."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from artifact_store.errors import InvalidInput
from artifact_store.names import ArtifactId, parse_object_key

__all__ = ["InvalidPurgeRequest", "PurgeRequest"]


class InvalidPurgeRequest(ValueError):
    """The text is no purge request."""


@dataclass(frozen=True, slots=True)
class PurgeRequest:
    """A deleted generation of which something may be left.

    Attributes:
        artifact: Whose.
        gen: Which generation; one that was not deleted is never purged, whatever is asked.
    """

    artifact: ArtifactId
    gen: str

    def to_text(self) -> str:
        """As a queue carries it."""
        return json.dumps({"artifact": self.artifact.key_prefix, "gen": self.gen})

    @classmethod
    def of_text(cls, text: str) -> PurgeRequest:
        """The inverse of `to_text`.

        Raises:
            InvalidPurgeRequest: It is something else.
        """
        try:
            value: Any = json.loads(text)
            artifact, _ = parse_object_key(f"{value['artifact']}/0")
            gen = value["gen"]
        except (ValueError, KeyError, TypeError, InvalidInput):
            raise InvalidPurgeRequest("no purge request") from None
        if not isinstance(gen, str) or not gen:
            raise InvalidPurgeRequest("no generation")
        return cls(artifact, gen)
