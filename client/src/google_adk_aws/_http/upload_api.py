"""Uploads as typed calls, one request each."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Final

from artifact_store.names import ArtifactId
from google_adk_aws._errors import UnexpectedResponseError
from google_adk_aws._http.answers import ask
from google_adk_aws._http.connection import Connection
from google_adk_aws._http.paths import artifact_path, upload_path
from google_adk_aws._http.transfer_wire import SignedRequest, Upload, UploadedPart, UploadPage
from google_adk_aws._model import members
from google_adk_aws._model.saving import Condition, Description
from google_adk_aws._model.wire import VersionMetadata
from google_adk_aws._resilience.retry import RetryPolicy

__all__ = ["MAX_PARTS", "MAX_SIGNED", "UploadApi"]

MAX_PARTS: Final = 10_000
"""Of one upload."""

MAX_SIGNED: Final = 100
"""Parts that one request signs."""

_CREATED: Final = frozenset({HTTPStatus.CREATED})
_NO_CONTENT: Final = frozenset({HTTPStatus.NO_CONTENT})
_PATIENCE: Final = 3
"""How much longer than other calls finalize is repeated: everything has been sent by then."""


class UploadApi:
    """What the artifact API does for uploads. An upload that is not there raises `ArtifactUploadNotFoundError`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(
        self,
        artifact: ArtifactId,
        *,
        size: int | None,
        part_size: int | None = None,
        mime_type: str | None = None,
    ) -> Upload:
        """Begins an upload in parts."""
        body = {"size": size, "partSize": part_size, "mimeType": mime_type}
        return await self._begin(artifact, {name: value for name, value in body.items() if value or name == "size"})

    async def begin_put(self, artifact: ArtifactId, *, size: int, mime_type: str | None, sha256: str | None) -> Upload:
        """Begins an upload in one request that somebody else sends."""
        body = {"size": size, "method": "put", "mimeType": mime_type, "sha256": sha256}
        return await self._begin(artifact, {name: value for name, value in body.items() if value is not None})

    async def _begin(self, artifact: ArtifactId, body: dict[str, object]) -> Upload:
        path = f"{artifact_path(artifact)}/uploads"
        return Upload.of(await ask(self._connection, "POST", path, body=body, expect=_CREATED))

    async def sign(self, artifact: ArtifactId, upload: Upload, parts: Sequence[UploadedPart]) -> list[SignedRequest]:
        """The requests that send these parts, at most 100, in the same order."""
        path = f"{upload_path(artifact, upload.id)}/parts"
        answer = await ask(self._connection, "POST", path, body={"parts": [part.to_json() for part in parts]})
        signed = [members.mapping(item, "part") for item in members.items(answer, "parts")]
        if [item.get("number") for item in signed] != [part.number for part in parts]:
            raise UnexpectedResponseError("other parts were signed than were asked for", code="invalid_response")
        return [SignedRequest.of(item.get("request")) for item in signed]

    async def pages(self, artifact: ArtifactId, upload_id: str) -> AsyncIterator[UploadPage]:
        """What the storage has of an upload."""
        after: int | None = None
        while True:
            query = "" if after is None else f"?after={after}"
            page = UploadPage.of(await ask(self._connection, "GET", f"{upload_path(artifact, upload_id)}{query}"))
            yield page
            if page.next_part is None:
                return
            if after is not None and page.next_part <= after:
                raise UnexpectedResponseError("the list of parts does not advance", code="invalid_response")
            after = page.next_part

    async def finalize(
        self,
        artifact: ArtifactId,
        upload_id: str,
        *,
        size: int,
        sha256: str | None,
        description: Description,
        condition: Condition,
    ) -> VersionMetadata:
        """Saves what was uploaded. Repeated until it is answered: the upload becomes one version."""
        facts: dict[str, object] = {"size": size, **description.to_json()}
        if sha256 is not None:
            facts["sha256"] = sha256
        answer = await ask(
            self._connection,
            "POST",
            f"{upload_path(artifact, upload_id)}/finalize",
            body=facts,
            headers=condition.headers(),
            expect=_CREATED,
            retry=_patient(self._connection.retry),
        )
        return VersionMetadata.of(answer)

    async def abort(self, artifact: ArtifactId, upload_id: str, *, retry: RetryPolicy | None = None) -> None:
        """Gives an upload up; also fine when it was given up."""
        path = upload_path(artifact, upload_id)
        await self._connection.send("DELETE", path, expect=_NO_CONTENT, retry=retry)


def _patient(policy: RetryPolicy) -> RetryPolicy:
    if policy.attempts == 1:
        return policy
    return dataclasses.replace(
        policy,
        attempts=policy.attempts * _PATIENCE,
        deadline=None if policy.deadline is None else policy.deadline * _PATIENCE,
    )
