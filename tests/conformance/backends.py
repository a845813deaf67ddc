"""The services that the suite runs over, and in what they may differ."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from google.adk.artifacts import artifact_util

from artifact_store import ArtifactId, ArtifactStore, Content, Part
from tests.direct_services import ACCOUNTS_BUCKET
from tests.stand_ins import second_opinion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _pytest.mark import ParameterSet
    from google.adk.artifacts.base_artifact_service import ArtifactVersion, BaseArtifactService
    from google.genai import types

__all__ = ["ADK_IS_TODAYS", "SERVICES", "WITH_LONG_LISTS", "Backend", "Box"]

ADK_IS_TODAYS = hasattr(artifact_util, "_is_rewind_tombstone")
"""Whether ADK's in-memory service can be the model: before, it checked no ids and took -1 for the latest version."""


def _params(mark: pytest.MarkDecorator, *names: str) -> list[ParameterSet]:
    return [pytest.param(name, marks=mark) for name in names]


# A second opinion is about the server that the environment names, and about no other.
_HERE: Final = not second_opinion()

WITH_LONG_LISTS: Final = [
    *(_params(pytest.mark.unit, "adk_in_memory") if _HERE and ADK_IS_TODAYS else []),
    *(_params(pytest.mark.unit, "loopback", "direct_in_memory", "direct_without_table") if _HERE else []),
    *(_params(pytest.mark.integration, "local_api", "direct_on_emulator") if _HERE else []),
]
"""The services that are asked for lists of more than one page."""

SERVICES: Final = [
    *WITH_LONG_LISTS,
    # What is behind it is tested by itself; and lists have nothing to decrypt.
    *([*_params(pytest.mark.unit, "for_tests"), *_params(pytest.mark.integration, "encrypted")] if _HERE else []),
    # RUN_INTEGRATION_TESTS=1 S3_TEST_BUCKET=my-bucket make account; there long lists would cost money.
    *(_params(pytest.mark.integration, "direct_on_account") if ACCOUNTS_BUCKET else []),
]
"""All of them."""


@dataclass(frozen=True)
class Backend:
    """One service.

    Attributes:
        service: The service under test.
        is_adks: True for ADK's own in-memory service, which is the model but for what tests say about it.
        store: The store below the API, where thousands of versions are quicker to prepare; None for ADK's own.
    """

    service: BaseArtifactService
    is_adks: bool = False
    store: ArtifactStore | None = None


@dataclass(frozen=True)
class Box:
    """The seven calls for one app, user and session, that a test then changes one of."""

    service: BaseArtifactService
    is_adks: bool
    store: ArtifactStore | None = None
    app: str = field(default_factory=lambda: f"app-{uuid4().hex}")
    user: str = "alice"
    session: str | None = "s1"

    def of(self, **changes: Any) -> Box:
        """The same service for another app, user or session."""
        return Box(**{**vars(self), **changes})

    async def save(
        self, filename: str, artifact: types.Part | dict[str, Any], metadata: dict[str, Any] | None = None
    ) -> int:
        return await self.service.save_artifact(
            **self._owner, filename=filename, artifact=artifact, custom_metadata=metadata
        )

    async def prepare(self, filenames: Sequence[str]) -> None:
        """Saves `text(n)` as version after version, below the API if there is one."""
        if self.store is None:
            for number, filename in enumerate(filenames):
                await self.save(filename, {"text": str(number)})
            return
        store, part = self.store, Part(kind="text", mime_type="text/plain")

        def save(number: int, filename: str) -> None:
            artifact = ArtifactId.of(app=self.app, user=self.user, session=self.session, filename=filename)
            content = Content(body=str(number).encode(), part=part)
            store.save(artifact, content, caller="test", idempotency_key=str(number))

        for number, filename in enumerate(filenames):
            await asyncio.to_thread(save, number, filename)

    async def load(self, filename: str, version: Any = None) -> types.Part | None:
        return await self.service.load_artifact(**self._owner, filename=filename, version=version)

    async def names(self) -> list[str]:
        return await self.service.list_artifact_keys(**self._owner)

    async def delete(self, filename: str) -> None:
        await self.service.delete_artifact(**self._owner, filename=filename)

    async def versions(self, filename: str) -> list[int]:
        return await self.service.list_versions(**self._owner, filename=filename)

    async def described(self, filename: str) -> list[ArtifactVersion]:
        return await self.service.list_artifact_versions(**self._owner, filename=filename)

    async def describe(self, filename: str, version: Any = None) -> ArtifactVersion | None:
        return await self.service.get_artifact_version(**self._owner, filename=filename, version=version)

    def uri(self, filename: str, version: int = 0) -> str:
        """The `artifact://` reference to one of this box's artifacts."""
        return artifact_util.get_artifact_uri(self.app, self.user, filename, version, self.session)

    @property
    def _owner(self) -> dict[str, Any]:
        return {"app_name": self.app, "user_id": self.user, "session_id": self.session}
