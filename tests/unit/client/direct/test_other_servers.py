"""What servers of S3's protocol do otherwise than S3, as far as one has been met."""

from __future__ import annotations

from typing import Any

import pytest

from google_adk_aws import ArtifactId

from .conftest import OpenService

pytestmark = pytest.mark.unit

MIB = 1024 * 1024
DOC = ArtifactId.of(app="app", user="u", session="s", filename="video.mp4")


async def test_parts_whose_checksums_are_asked_for_at_completion_and_never_listed(opened: OpenService) -> None:
    service, completed = opened(multipart_threshold=1), list[Any]()

    def forget(parsed: dict[str, Any], **_: object) -> None:
        for part in parsed.get("Parts", []):
            part.pop("ChecksumSHA256", None)

    events = service.s3_client.meta.events
    events.register("after-call.s3.ListParts", forget)
    events.register(
        "provide-client-params.s3.CompleteMultipartUpload",
        lambda params, **_: completed.extend(params["MultipartUpload"]["Parts"]),
    )
    body = b"x" * (5 * MIB + 1)
    await service.client.upload_file(DOC, body, part_size=5 * MIB)
    assert [len(part["ChecksumSHA256"]) for part in completed] == [44, 44]
    assert (await service.client.load(DOC)).body == body
