"""Migrations into the artifact API, and out of it: content and metadata of any size, encrypted too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from google.adk.artifacts.file_artifact_service import FileArtifactService
from google.genai import types

from artifact_store import Scope
from google_adk_aws import Encryption, HttpArtifactService
from google_adk_aws.migration import ClientTarget, FileSource, TargetVersion, migrate, verify
from google_adk_aws.migration._addresses import Address, open_source, open_target
from local import LocalApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

LARGE = bytes(range(256)) * 40_000


@pytest.fixture(scope="module")
def api() -> Iterator[LocalApi]:
    with LocalApi() as api:
        yield api


@pytest.fixture
def place() -> dict[str, Any]:
    return {"app_name": f"app-{uuid4().hex}", "user_id": "ada", "session_id": "s1"}


@pytest.fixture
async def files(tmp_path: Path, place: dict[str, Any]) -> FileArtifactService:
    service = FileArtifactService(tmp_path / "old")
    for number, data in enumerate((b"", LARGE, b"small", LARGE)):
        part = types.Part(inline_data=types.Blob(data=data, mime_type="video/mp4", display_name=f"ü{number}"))
        metadata = {"long": "ä" * 5_000} if number == 2 else {"n": number}
        await service.save_artifact(**place, filename="film", artifact=part, custom_metadata=metadata)
    await service.save_artifact(**place, filename="user:a/b", artifact=types.Part(text="grüße"))
    return service


async def loaded(service: Any, place: dict[str, Any]) -> list[Any]:
    numbers = range(4)
    return [
        *[await service.load_artifact(**place, filename="film", version=number) for number in numbers],
        await service.load_artifact(**place, filename="user:a/b"),
    ]


async def test_there_and_back(api: LocalApi, files: FileArtifactService, place: dict[str, Any], tmp_path: Path) -> None:
    there = Address.parse(api.url)
    async with open_target(there) as target:
        source = FileSource(tmp_path / "old")
        for copied in (5, 0):
            report = await migrate(source, target)
            assert (report.failures, report.copied) == ([], copied)
        report = await verify(source, target)
        assert (report.failures, report.verified) == ([], 5)
    async with HttpArtifactService(api.url) as service:
        assert await loaded(service, place) == await loaded(files, place)
    back = FileArtifactService(tmp_path / "back")
    scopes = [Scope(place["app_name"], "ada", "s1"), Scope(place["app_name"], "ada")]
    async with (
        open_source(there, scopes) as source_api,
        open_target(Address.parse((tmp_path / "back").as_uri())) as target,
    ):
        report = await migrate(source_api, target)
        assert (report.failures, report.copied) == ([], 5)
        report = await verify(source_api, target)
        assert (report.failures, report.verified) == ([], 5)
    assert await loaded(back, place) == await loaded(files, place)
    (old, *_), (new, *_) = [await service.list_artifact_versions(**place, filename="film") for service in (files, back)]
    assert new.custom_metadata == {"n": 0, "migrated-version": 0, "migrated-created": old.create_time}


@pytest.mark.parametrize("encrypted", [False, True])
async def test_an_answer_that_is_lost_makes_no_second_version(
    api: LocalApi, files: FileArtifactService, place: dict[str, Any], tmp_path: Path, *, encrypted: bool
) -> None:
    class Lost(BaseException):
        """The process ends when the save has happened."""

    class Losing(ClientTarget):
        async def save(self, *args: Any, **kwargs: Any) -> TargetVersion:
            await super().save(*args, **kwargs)
            raise Lost

    encryption = Encryption.with_key(b"k" * 32) if encrypted else None
    source, journal = FileSource(tmp_path / "old"), tmp_path / "journal"
    async with HttpArtifactService(api.url, encryption=encryption) as service:
        for _ in range(4):
            with pytest.raises(Lost):
                await migrate(source, Losing(service.client, address="api"), journal=journal, concurrency=1)
        target = ClientTarget(service.client, address="api")
        report = await migrate(source, target, journal=journal)
        assert (report.ok, report.copied, report.present) == (True, 1, 4)
        assert await service.list_versions(**place, filename="film") == [0, 1, 2, 3]
        assert await loaded(service, place) == await loaded(files, place)
        report = await verify(source, target, journal=journal)
        assert (report.failures, report.verified) == ([], 5)
