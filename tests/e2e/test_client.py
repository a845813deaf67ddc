"""The ADK client against the deployed stack, signing with AWS credentials that the gateway checks."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import boto3
import httpx
import pytest
from google.genai import types

from google_adk_aws import ArtifactForbiddenError, HttpArtifactService, RetryPolicy, SigV4Auth
from tests.e2e.emulated_cloud import REGION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STRANGE = ["charts/q1.png", "a b+c%20d", "..", "é日本", "user:logo.png", "x!2Fy", "semi;colon&amp=1?"]


class ToLocalhost(httpx.AsyncHTTPTransport):
    """Connects to localhost and asks for the host of the URL."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="localhost")
        return await super().handle_async_request(request)


@asynccontextmanager
async def service(stack: Stack, secret_key: str | None = None) -> AsyncIterator[HttpArtifactService]:
    session = boto3.Session(
        aws_access_key_id=stack.caller.access_key, aws_secret_access_key=secret_key or stack.caller.secret_key
    )
    context = ssl.create_default_context(cafile=str(stack.cloud.certificate))
    async with httpx.AsyncClient(transport=ToLocalhost(verify=context), timeout=60) as client:
        yield HttpArtifactService(
            stack.cloud.api_url(stack.outputs["ApiId"]),
            auth=SigV4Auth(region=REGION, session=session),
            http_client=client,
            retry=RetryPolicy(attempts=1),
        )


async def test_every_method_is_signed_so_that_the_gateway_lets_it_in(stack: Stack) -> None:
    owner: dict[str, Any] = {"app_name": "sign/ed", "user_id": "ada@example.com", "session_id": "s 1"}
    async with service(stack) as signed:
        await use_every_method(signed, owner)


async def use_every_method(signed: HttpArtifactService, owner: dict[str, Any]) -> None:
    for number, filename in enumerate(STRANGE):
        part = types.Part(inline_data=types.Blob(data=bytes([number, 255]), mime_type="a/b", display_name=filename))
        metadata = {"n": number, "filename": filename}
        assert await signed.save_artifact(**owner, filename=filename, artifact=part, custom_metadata=metadata) == 0
        assert await signed.load_artifact(**owner, filename=filename) == part
        assert await signed.list_versions(**owner, filename=filename) == [0]
        described = await signed.get_artifact_version(**owner, filename=filename)
        assert described is not None
        assert described.custom_metadata == metadata
    assert await signed.list_artifact_keys(**owner) == sorted(STRANGE)
    for filename in STRANGE:
        await signed.delete_artifact(**owner, filename=filename)
    assert await signed.list_artifact_keys(**owner) == []


async def test_a_wrong_secret_is_told_as_such(stack: Stack) -> None:
    async with service(stack, "0" * 40) as unsigned:
        with pytest.raises(ArtifactForbiddenError):
            await unsigned.list_artifact_keys(app_name="a", user_id="u")
