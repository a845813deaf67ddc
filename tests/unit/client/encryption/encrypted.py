"""What tests of encryption have in common."""

from __future__ import annotations

import base64
import traceback
from functools import cache

from google_adk_aws import ArtifactId, Encryption, PartHeader
from google_adk_aws._encryption.context import context_of
from google_adk_aws._model.encrypted_mark import marked
from tests.unit.client.fake_api import ARTIFACT, PATH, FakeApi, Version

KEY = bytes(range(100, 132))
OTHER_KEY = bytes(range(200, 232))
MARK = "application/vnd.google-adk-aws.encrypted"


@cache
def ours() -> Encryption:
    return Encryption.with_key(KEY)


@cache
def lenient() -> Encryption:
    return Encryption.with_key(KEY, accept_plain=True)


@cache
def others() -> Encryption:
    return Encryption.with_key(OTHER_KEY)


def put_encrypted(
    api: FakeApi, content: bytes, *, artifact: ArtifactId = ARTIFACT, path: str = PATH, kind: str = "bytes"
) -> Version:
    """A version without type or name, as if somebody had saved it."""
    message = ours().messages.encrypt(content, context_of(artifact, PartHeader(kind=kind)))
    return api.put(message, path, mimeType=marked(kind, None))


def said_by(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def spellings(key: bytes) -> list[str]:
    return [key.hex(), base64.b64encode(key).decode(), repr(key), repr(list(key)), key.decode("latin-1")]
