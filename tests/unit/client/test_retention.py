"""How long artifacts live, as clients say it and are told of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from google.genai import types

from google_adk_aws import ArtifactId, HttpArtifactService, InvalidArtifactError, NewArtifact, S3ArtifactService
from google_adk_aws._model.saving import Description
from google_adk_aws._model.wire import VersionMetadata
from tests.direct_services import in_memory
from tests.faults.interposed import World

DOC = ArtifactId.of(app="app", user="u", session="s", filename="doc")
TEXT = types.Part.from_text(text="x")
WHO: dict[str, Any] = {"app_name": "app", "user_id": "u", "session_id": "s"}


def described(ttl: Any) -> Description:
    return Description.of(mime_type=None, display_name=None, kind="bytes", custom_metadata=None, ttl=ttl)


@pytest.mark.parametrize(("ttl", "seconds"), [(60, 60), (timedelta(hours=1), 3600), (0, 0), (timedelta(0), 0)])
def test_a_time_goes_to_the_api_in_seconds(ttl: object, seconds: int) -> None:
    assert described(ttl).headers()["Artifact-Ttl"] == str(seconds)
    assert described(ttl).to_json()["ttl"] == seconds


def test_no_time_leaves_it_to_the_api() -> None:
    assert "Artifact-Ttl" not in described(None).headers()
    assert "ttl" not in described(None).to_json()


@pytest.mark.parametrize("ttl", [-1, timedelta(seconds=-1), 1.5, timedelta(milliseconds=1), True, 315_360_001])
def test_a_time_that_cannot_be_is_refused_at_once(ttl: Any) -> None:
    with pytest.raises(InvalidArtifactError, match="ttl must be whole seconds") as refused:
        described(ttl)
    assert (refused.value.error_code, refused.value.field) == ("invalid_ttl", "ttl")
    with pytest.raises(InvalidArtifactError):
        HttpArtifactService("http://127.0.0.1:1", ttl=ttl)


def test_the_answer_tells_when_it_ends() -> None:
    told = {"filename": "doc", "version": 0, "canonicalUri": "s3://b/k", "createTime": 1.0}
    assert VersionMetadata.of({**told, "expiresAt": 61.5}).expires_at == 61.5
    assert VersionMetadata.of(told).expires_at is None


def test_what_expires_is_never_the_same_already() -> None:
    told = VersionMetadata(filename="doc", version=0, canonical_uri="", create_time=1.0)
    expiring = VersionMetadata(filename="doc", version=0, canonical_uri="", create_time=1.0, expires_at=2.0)
    assert described(None).is_of(told)
    assert not described(0).is_of(told)
    assert not described(None).is_of(expiring)


async def test_a_service_gives_its_time_to_everything_it_saves() -> None:
    world = World()
    with in_memory(world.store(), table_name="t", ttl=timedelta(days=1)) as service:
        await service.save_artifact(**WHO, filename="doc", artifact=TEXT)
        described = await service.client.describe(DOC)
        assert described.expires_at == described.create_time + 86_400
        world.clock.sleep(86_400)
        assert await service.load_artifact(**WHO, filename="doc") is None
        assert await service.list_artifact_keys(**WHO) == []
        assert await service.save_artifact(**WHO, filename="doc", artifact=TEXT) == 0


async def test_every_way_to_save_has_a_time() -> None:
    world = World()
    with in_memory(world.store(), table_name="t", multipart_threshold=1024) as service:
        client = service.client
        saved = await client.save(DOC, b"x", ttl=60)
        assert saved.expires_at == saved.create_time + 60
        uploaded = await client.upload_file(DOC, iter([bytes(2048)]), ttl=120)
        assert uploaded.expires_at == uploaded.create_time + 120
        (result,) = await client.save_artifacts(DOC.scope, [NewArtifact(filename="doc", content=b"y", ttl=180)])
        assert result.value is not None
        assert result.value.expires_at == result.value.create_time + 180
        kept = await client.save(DOC, b"z", ttl=0)
        assert kept.expires_at is None


def test_without_a_table_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="ttl needs table_name"):
        S3ArtifactService("bucket", ttl=60)
