"""Encoded names go through httpx and signing byte for byte."""

from __future__ import annotations

import hashlib
from typing import Any

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from artifact_store.names import decode
from google_adk_aws import InvalidArtifactError, SigV4Auth

from .scripted import ScriptedApi, saved

pytestmark = pytest.mark.unit

TEXT = types.Part(text="x")
NASTY = st.sampled_from(
    [
        "a!2Fb",
        "%21",
        "!",
        "a%2Fb",
        "../..",
        ".",
        "..",
        "a/./b",
        "//",
        "a?b#c",
        "a b",
        "é",
        "e\u0301",
        "\u202e",
        "a\r\nb",
        "*",
        ";",
        "user:",
    ]
)
TEXTS = st.text(min_size=1, max_size=40) | NASTY


@given(filename=TEXTS, app=TEXTS, user=TEXTS, session=st.none() | TEXTS)
@settings(max_examples=300, deadline=None)
async def test_httpx_sends_the_path_that_was_built(filename: str, app: str, user: str, session: str | None) -> None:
    api = ScriptedApi(saved())
    service = api.service("https://api.example/stage")
    arguments: dict[str, Any] = {"app_name": app, "user_id": user, "session_id": session, "filename": filename}
    try:
        await service.save_artifact(**arguments, artifact=TEXT)
    except InvalidArtifactError:
        assert api.requests == []
        return
    (path,) = api.paths
    in_session = session is not None and not filename.startswith("user:")
    start = ["", "stage", "v1", "apps", app, "users", user, *(["sessions", session] if in_session else []), "artifacts"]
    name = filename if in_session else filename.removeprefix("user:")
    assert [decode(segment) if segment else "" for segment in path.split("/")] == [*start, name]


class FixedCredentials:
    region_name = "eu-west-1"

    def __init__(self) -> None:
        self.credentials = botocore.credentials.Credentials("AKIDEXAMPLE", "secret", "session-token")

    def get_credentials(self) -> botocore.credentials.Credentials:
        return self.credentials


@given(filename=TEXTS)
@settings(max_examples=100, deadline=None)
async def test_the_signature_is_botocores(filename: str) -> None:
    api = ScriptedApi(saved())
    service = api.service("https://abc.execute-api.eu-west-1.amazonaws.com", auth=SigV4Auth(session=FixedCredentials()))
    try:
        await service.save_artifact(app_name="a@b", user_id="u/1", session_id="s 1", filename=filename, artifact=TEXT)
    except InvalidArtifactError:
        return
    (request,) = api.requests
    signed = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    again = botocore.awsrequest.AWSRequest(
        method="POST",
        url=str(request.url),
        data=request.content,
        headers={name: request.headers[name] for name in signed if name not in {"host", "x-amz-date"}},
    )
    again.context["timestamp"] = request.headers["x-amz-date"]
    again.headers["X-Amz-Date"] = request.headers["x-amz-date"]
    signer = botocore.auth.SigV4Auth(FixedCredentials().credentials, "execute-api", "eu-west-1")
    canonical = signer.canonical_request(again)
    assert canonical.splitlines()[-1] == hashlib.sha256(request.content).hexdigest()
    signature = signer.signature(signer.string_to_sign(again, canonical), again)
    assert request.headers["authorization"].endswith(f"Signature={signature}")
    assert {"host", "content-type", "content-digest", "idempotency-key", "artifact-part"} <= set(signed)
    # What proxies rewrite must not be signed.
    assert not {"user-agent", "accept", "accept-encoding", "connection", "content-length"} & set(signed)
