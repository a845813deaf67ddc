"""Stores to move artifacts between, and what tests ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.genai import types

from artifact_store import Scope

if TYPE_CHECKING:
    from google.adk.artifacts.base_artifact_service import BaseArtifactService

__all__ = ["SESSION", "USER", "contents", "fill", "owner", "png"]

SESSION = Scope("reports", "ada", "s1")
USER = Scope("reports", "ada")


def owner(filename: str, scope: Scope = SESSION) -> dict[str, Any]:
    return {"app_name": scope.app, "user_id": scope.user, "session_id": scope.session, "filename": filename}


def png(data: bytes, name: str | None = None) -> types.Part:
    return types.Part(inline_data=types.Blob(data=data, mime_type="image/png", display_name=name))


async def fill(service: BaseArtifactService) -> None:
    """Two versions of a picture with metadata, a text, a nested name, a name of the user."""
    await service.save_artifact(**owner("q1.png"), artifact=png(b"one"), custom_metadata={"quarter": 1, "by": "ä"})
    await service.save_artifact(**owner("q1.png"), artifact=png(b"two", "Q1"))
    await service.save_artifact(**owner("notes"), artifact=types.Part(text="grüße"))
    await service.save_artifact(**owner("notes/old"), artifact=png(b"nested"))
    await service.save_artifact(**owner("user:logo.png"), artifact=png(b"logo"))


async def contents(service: BaseArtifactService, scope: Scope = SESSION) -> dict[str, list[types.Part | None]]:
    """Every version of every artifact that a session sees."""
    place: dict[str, Any] = {"app_name": scope.app, "user_id": scope.user, "session_id": scope.session}
    found: dict[str, list[types.Part | None]] = {}
    for name in await service.list_artifact_keys(**place):
        numbers = await service.list_versions(**place, filename=name)
        assert numbers == list(range(len(numbers)))
        found[name] = [await service.load_artifact(**place, filename=name, version=number) for number in numbers]
    return found
