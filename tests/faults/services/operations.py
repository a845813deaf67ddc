"""What agents ask of a service: what they find, what they do, and what there must be afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from google.genai import types

from google_adk_aws._adk.service import AdkArtifactService

__all__ = ["INLINE_BYTES", "OPERATIONS", "PUT_BYTES", "Operation", "bodies", "save"]

NAME: Final = "doc 1"
_WORDY: Final = {"text": "ü" * 1500}
"""Metadata that needs a manifest, which is two objects."""

_TWO: Final = (b"0", b"1")

INLINE_BYTES: Final = 1000
PUT_BYTES: Final = 2000
"""What goes through the service at once, and what straight on S3 goes in one put; above that it goes in parts."""

_PUT: Final = b"p" * PUT_BYTES
_PARTS: Final = b"q" * (PUT_BYTES + 1)


@dataclass(frozen=True)
class Operation:
    """One operation.

    Attributes:
        before: Bodies of the versions that are saved before.
        after: Bodies once it is done.
        run: Does it; raises AssertionError when its answer is wrong.
        name: Of the artifact.
        is_large: Whether it saves what goes to the bucket by itself, before it becomes a version.
    """

    before: Sequence[bytes]
    after: Sequence[bytes]
    run: Callable[[AdkArtifactService, dict[str, Any]], Awaitable[None]]
    name: str = NAME
    is_large: bool = False


async def save(
    service: AdkArtifactService,
    scope: dict[str, Any],
    body: bytes,
    *,
    name: str = NAME,
    metadata: dict[str, Any] | None = None,
) -> int:
    """Saves through ADK's interface."""
    part = types.Part.from_bytes(data=body, mime_type="a/b")
    return await service.save_artifact(**scope, filename=name, artifact=part, custom_metadata=metadata)


async def bodies(service: AdkArtifactService, scope: dict[str, Any], name: str) -> list[bytes]:
    """Every version's bytes, by number; every view of the artifact agrees with it."""
    versions = await service.list_versions(**scope, filename=name)
    assert versions == list(range(len(versions)))
    assert await service.list_artifact_keys(**scope) == ([name] if versions else [])
    found = [await _body(service, scope, name, number) for number in versions]
    latest = await service.load_artifact(**scope, filename=name)
    assert (latest is None) == (not versions)
    if versions:
        assert await _body(service, scope, name, None) == found[-1]
    return found


async def _body(service: AdkArtifactService, scope: dict[str, Any], name: str, version: int | None) -> bytes:
    part = await service.load_artifact(**scope, filename=name, version=version)
    assert part is not None
    assert part.inline_data is not None
    assert part.inline_data.data is not None
    return part.inline_data.data


def _saves(number: int, body: bytes = b"new", *, name: str = NAME, metadata: dict[str, Any] | None = None) -> Any:
    async def run(service: AdkArtifactService, scope: dict[str, Any]) -> None:
        assert await save(service, scope, body, name=name, metadata=metadata) == number

    return run


def _loads(version: int | None, body: bytes) -> Any:
    async def run(service: AdkArtifactService, scope: dict[str, Any]) -> None:
        assert await _body(service, scope, NAME, version) == body

    return run


async def _lists(service: AdkArtifactService, scope: dict[str, Any]) -> None:
    assert await service.list_artifact_keys(**scope) == [NAME]


async def _lists_versions(service: AdkArtifactService, scope: dict[str, Any]) -> None:
    assert await service.list_versions(**scope, filename=NAME) == [0, 1]


async def _describes_versions(service: AdkArtifactService, scope: dict[str, Any]) -> None:
    described = await service.list_artifact_versions(**scope, filename=NAME)
    assert [one.version for one in described] == [0, 1]
    assert described[1].custom_metadata == _WORDY


async def _describes(service: AdkArtifactService, scope: dict[str, Any]) -> None:
    described = await service.get_artifact_version(**scope, filename=NAME)
    assert described is not None
    assert (described.version, described.custom_metadata) == (1, _WORDY)


async def _deletes(service: AdkArtifactService, scope: dict[str, Any]) -> None:
    await service.delete_artifact(**scope, filename=NAME)


OPERATIONS: Final[Mapping[str, Operation]] = {
    "save the first version": Operation((), (b"new",), _saves(0)),
    "save the next version": Operation(_TWO, (*_TWO, b"new"), _saves(2)),
    "save a manifest": Operation(_TWO, (*_TWO, b"new"), _saves(2, metadata=_WORDY)),
    "save large content": Operation(_TWO, (*_TWO, _PUT), _saves(2, _PUT), is_large=True),
    "save content in parts": Operation((), (_PARTS,), _saves(0, _PARTS), is_large=True),
    "save for the user": Operation((b"0",), (b"0", b"new"), _saves(1, name="user:doc"), name="user:doc"),
    "load the latest": Operation((b"0",), (b"0",), _loads(None, b"0")),
    "load the latest, a manifest": Operation(_TWO, _TWO, _loads(None, b"1")),
    "load a version": Operation(_TWO, _TWO, _loads(0, b"0")),
    "list names": Operation(_TWO, _TWO, _lists),
    "list versions": Operation(_TWO, _TWO, _lists_versions),
    "describe versions": Operation(_TWO, _TWO, _describes_versions),
    "describe": Operation(_TWO, _TWO, _describes),
    "delete": Operation(_TWO, (), _deletes),
}


async def prepare(operation: Operation, service: AdkArtifactService, scope: dict[str, Any]) -> None:
    """What there is before."""
    for number, body in enumerate(operation.before):
        await save(service, scope, body, name=operation.name, metadata=_WORDY if number % 2 else None)
