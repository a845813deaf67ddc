"""Keys: one's own, those of KMS, those from before; and what they are used for."""

from __future__ import annotations

import errno
import hashlib
import io
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import boto3
import pytest
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import CreateMultiKeyringInput
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from artifact_store.names import ArtifactId, Scope
from google_adk_aws import ArtifactEncryptionError, Encryption, PartHeader
from google_adk_aws._encryption.context import context_of
from google_adk_aws._model.encrypted_mark import is_marked, marked, unmarked
from tests.unit.client.encryption.encrypted import KEY, MARK, OTHER_KEY, others, ours, said_by, spellings
from tests.unit.client.fake_api import ARTIFACT

pytestmark = pytest.mark.unit

CONTEXT = context_of(ARTIFACT, PartHeader())
ARN = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def refused(work: Any, *arguments: Any) -> str:
    with pytest.raises(ArtifactEncryptionError) as caught:
        work(*arguments)
    said = said_by(caught.value)
    assert not [each for key in (KEY, OTHER_KEY) for each in spellings(key) if each in said]
    return caught.value.code


# -- keys of one's own


@pytest.mark.parametrize("key", [b"", KEY[:-1], KEY + b"\0"])
def test_a_key_has_256_bits(key: bytes) -> None:
    with pytest.raises(ValueError, match="'k' must be 32 bytes") as caught:
        Encryption.with_key(key, name="k")
    assert repr(key) not in said_by(caught.value) or not key
    with pytest.raises(ValueError, match="'k' must be 32 bytes"):
        Encryption.with_key(KEY, previous={"k": key})


@pytest.mark.parametrize("key", ["x" * 32, 32, None])
def test_a_key_is_bytes(key: Any) -> None:
    with pytest.raises(TypeError):
        Encryption.with_key(key)


def test_two_keys_have_two_names() -> None:
    with pytest.raises(ValueError, match="same name"):
        Encryption.with_key(KEY, previous={"artifacts": OTHER_KEY})


def test_a_previous_key_decrypts_and_no_longer_encrypts() -> None:
    new = Encryption.with_key(OTHER_KEY, name="new", previous={"artifacts": KEY})
    assert new.messages.decrypt(ours().messages.encrypt(b"x", CONTEXT), CONTEXT) == b"x"
    message = new.messages.encrypt(b"x", CONTEXT)
    assert new.messages.decrypt(message, CONTEXT) == b"x"
    assert Encryption.with_key(OTHER_KEY, name="new").messages.decrypt(message, CONTEXT) == b"x"
    assert refused(ours().messages.decrypt, message, CONTEXT) == "wrong_key"


def test_the_same_name_with_another_key_does_not_decrypt() -> None:
    assert refused(others().messages.decrypt, ours().messages.encrypt(b"x", CONTEXT), CONTEXT) == "wrong_key"


def test_no_key_is_shown() -> None:
    shown = repr(ours()) + repr(vars(ours())) + str(ours().messages)
    assert repr(ours()) == "Encryption(key 'artifacts')"
    assert not [each for each in spellings(KEY) if each in shown]


def test_one_encryption_serves_many_threads() -> None:
    def both(size: int) -> bool:
        content = bytes(size)
        return ours().messages.decrypt(ours().messages.encrypt(content, CONTEXT), CONTEXT) == content

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(both, range(0, 60_000, 1_000)))


class Broken(io.BytesIO):
    """A disk that fails after some bytes."""

    def __init__(self, content: bytes, *, good: int) -> None:
        super().__init__(content)
        self._good = good

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() + (size or 0) > self._good:
            raise OSError(errno.EIO, "the disk is broken")
        return super().read(size)


@pytest.mark.parametrize("good", [10, 1000])
def test_a_source_that_cannot_be_read_is_no_wrong_key(good: int) -> None:
    message = ours().messages.encrypt(bytes(100_000), CONTEXT)
    with pytest.raises(OSError, match="the disk is broken"):
        list(ours().messages.decrypted(Broken(message, good=good), CONTEXT))


def test_what_cannot_be_encrypted_is_told() -> None:
    encryptor = ours().messages.encryptor(Broken(bytes(100_000), good=1), CONTEXT, size=None)
    assert refused(encryptor.read, 100_000) == "encryption_failed"


# -- KMS


@pytest.fixture
def kms() -> Iterator[Any]:
    with mock_aws():
        yield boto3.client("kms", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="s")


def new_key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["Arn"])


def test_a_kms_key_encrypts_and_decrypts(kms: Any) -> None:
    arn = new_key(kms)
    encryption = Encryption.with_kms(arn, client=kms)
    assert repr(encryption) == f"Encryption({arn})"
    message = encryption.messages.encrypt(b"x", CONTEXT)
    assert encryption.messages.decrypt(message, CONTEXT) == b"x"
    assert refused(encryption.messages.decrypt, message, {**CONTEXT, "artifact-app": "other"}) == "other_artifact"
    assert refused(ours().messages.decrypt, message, CONTEXT) == "wrong_key"
    assert refused(encryption.messages.decrypt, ours().messages.encrypt(b"x", CONTEXT), CONTEXT) == "wrong_key"
    assert refused(encryption.messages.decrypt, message[:-1], CONTEXT) == "damaged"


def test_kms_is_not_asked_for_the_key_of_another_artifact(kms: Any) -> None:
    encryption = Encryption.with_kms(new_key(kms), client=kms)
    message = encryption.messages.encrypt(b"x", CONTEXT)
    with Stubber(kms):
        # What is asked now fails as `key_unavailable`.
        assert refused(encryption.messages.decrypt, message, {**CONTEXT, "artifact-app": "b"}) == "other_artifact"
        assert refused(encryption.messages.decrypt, message, CONTEXT) == "key_unavailable"


def test_messages_are_signed_where_some_may_only_decrypt(kms: Any) -> None:
    signed = Encryption.with_kms(new_key(kms), client=kms).messages.encrypt(b"x", CONTEXT)
    # Version and algorithm suite: with key commitment both, and with ECDSA.
    assert signed[:3].hex() == "020578"
    assert ours().messages.encrypt(b"x", CONTEXT)[:3].hex() == "020478"


def test_another_kms_key_decrypts_only_when_it_is_named(kms: Any) -> None:
    old, new = new_key(kms), new_key(kms)
    message = Encryption.with_kms(old, client=kms).messages.encrypt(b"x", CONTEXT)
    assert refused(Encryption.with_kms(new, client=kms).messages.decrypt, message, CONTEXT) == "wrong_key"
    assert Encryption.with_kms(new, previous=[old], client=kms).messages.decrypt(message, CONTEXT) == b"x"


def test_a_client_of_the_keys_region_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with mock_aws():
        arn = new_key(boto3.client("kms", "eu-central-1"))
        encryption = Encryption.with_kms(arn)
        assert encryption.messages.decrypt(encryption.messages.encrypt(b"x", CONTEXT), CONTEXT) == b"x"


@pytest.mark.parametrize("arn", ["", "alias/a", "1234abcd", ARN.replace("key/", "alias/"), ARN + " ", f"x{ARN}"])
def test_a_kms_key_is_named_by_its_arn(arn: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN of a KMS key"):
        Encryption.with_kms(arn)
    with pytest.raises(ValueError, match="is not the ARN of a KMS key"):
        Encryption.with_kms(ARN, previous=[arn])


@pytest.mark.parametrize("previous", [[], [ARN.replace("eu-west-1:1", "eu-west-1:2")]])
def test_what_kms_refuses_is_told(kms: Any, previous: list[str]) -> None:
    message = Encryption.with_kms(new_key(kms), client=kms).messages.encrypt(b"x", CONTEXT)
    # The same message, as if under the key that is asked for.
    ours_now = message.replace(message[message.index(b"arn:") :][: len(ARN)], ARN.encode())
    client = boto3.client("kms", "eu-west-1", aws_access_key_id="a", aws_secret_access_key="s")
    messages = Encryption.with_kms(ARN, previous=previous, client=client).messages
    for code, shown in (("AccessDeniedException", "AccessDeniedException"), ("DisabledException", "it is disabled.")):
        for operation, work in (
            ("generate_data_key", partial(messages.encrypt, b"x", CONTEXT)),
            ("decrypt", partial(messages.decrypt, ours_now, CONTEXT)),
        ):
            with Stubber(client) as stub:
                stub.add_client_error(operation, code, "it is disabled. And more", 400)
                with pytest.raises(ArtifactEncryptionError, match=f"reached: {shown}$") as caught:
                    work()
            assert caught.value.code == "key_unavailable"


def test_kms_that_is_not_reached_is_told(kms: Any) -> None:
    encryption = Encryption.with_kms(new_key(kms), client=kms)
    message = encryption.messages.encrypt(b"x", CONTEXT)

    def unreachable(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://kms.example")

    kms.meta.events.register("before-send.kms", unreachable)
    assert refused(encryption.messages.encrypt, b"x", CONTEXT) == "key_unavailable"
    assert refused(encryption.messages.decrypt, message, CONTEXT) == "key_unavailable"


# -- other keyrings


def test_a_ciphertext_is_under_as_many_keys_as_may_be() -> None:
    first, second = ours().messages._encrypting, Encryption.with_key(OTHER_KEY, name="b").messages._encrypting
    providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
    both = providers.create_multi_keyring(CreateMultiKeyringInput(generator=first, child_keyrings=[second]))
    assert refused(Encryption.with_keyring(both).messages.encrypt, b"x", CONTEXT) == "encryption_failed"
    message = Encryption.with_keyring(both, max_encrypted_data_keys=2).messages.encrypt(b"x", CONTEXT)
    assert refused(ours().messages.decrypt, message, CONTEXT) == "damaged"
    for keyring in (first, second):
        alone = Encryption.with_keyring(keyring, max_encrypted_data_keys=2)
        assert alone.messages.decrypt(message, CONTEXT) == b"x"


def test_any_keyring_will_do() -> None:
    keyring = ours().messages._encrypting
    encryption = Encryption.with_keyring(keyring)
    message = encryption.messages.encrypt(b"x", CONTEXT)
    assert encryption.messages.decrypt(message, CONTEXT) == b"x"
    # It is signed, which a key of one's own needs not, and both read both.
    assert ours().messages.decrypt(message, CONTEXT) == b"x"
    assert encryption.messages.decrypt(ours().messages.encrypt(b"x", CONTEXT), CONTEXT) == b"x"
    assert repr(encryption) == "Encryption(Keyring)"


# -- the extra


def test_nothing_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, google_adk_aws;"
        "print([name for name in sys.modules if name.startswith(('aws_', 'cryptography', 'boto3'))])"
    )
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout == "[]\n"


@pytest.mark.parametrize("missing", ["aws_encryption_sdk", "aws_cryptographic_material_providers.mpl"])
def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    for make in (partial(Encryption.with_key, KEY), partial(Encryption.with_kms, ARN)):
        with pytest.raises(ImportError, match=r"pip install 'google-adk-aws\[encryption\]'"):
            make()


# -- what content is bound to, and how it is marked


def test_the_context_names_the_artifact() -> None:
    part = PartHeader(kind="text", mime_type="text/plain")
    context = context_of(ArtifactId(Scope("app", "a/b", "s"), "ü.txt"), part)
    assert context == {
        "artifact-app": "app",
        "artifact-user": "a!2Fb",
        "artifact-scope": "session",
        "artifact-session": "s",
        "artifact-filename": "!C3!BC.txt",
        "artifact-part": hashlib.sha256(b'["text","text/plain",null]').hexdigest(),
    }
    assert "artifact-session" not in context_of(ArtifactId(Scope("app", "u"), "f"), part)


def test_different_artifacts_and_descriptions_have_different_contexts() -> None:
    artifacts = [
        ArtifactId(Scope("a", "u", "user"), "f"),
        ArtifactId(Scope("a", "u"), "f"),
        ArtifactId(Scope("a", "u", "s"), "f"),
        ArtifactId(Scope("u", "a", "s"), "f"),
        ArtifactId(Scope("a", "u", "s"), "user:f"),
    ]
    parts = [
        PartHeader(),
        PartHeader(kind="text"),
        PartHeader(mime_type="a"),
        PartHeader(display_name="a"),
        PartHeader(mime_type=""),
    ]
    contexts = [frozenset(context_of(artifact, part).items()) for artifact in artifacts for part in parts]
    assert len(set(contexts)) == len(contexts)
    # Marked or not, it is the same content.
    assert context_of(ARTIFACT, PartHeader(encrypted=True)) == CONTEXT


@given(st.sampled_from(["bytes", "text", "file"]), st.none() | st.text())
def test_kind_and_type_come_back_from_their_mark(kind: str, mime_type: str | None) -> None:
    stored = marked(kind, mime_type)
    assert is_marked(stored)
    assert stored.isascii()
    assert stored.isprintable()
    assert unmarked("bytes", stored) == (kind, mime_type)


def test_a_mark_can_be_read() -> None:
    assert marked("bytes", "text/html; charset=utf-8") == f'{MARK}; type="text/html; charset=utf-8"'
    assert marked("file", None) == f"{MARK}; kind=file"
    assert unmarked("bytes", MARK + "; something else") == ("bytes", None)
    assert is_marked(MARK.upper() + " ;x")
    assert not is_marked("application/vnd.google-adk-aws.encrypted-not")
    assert unmarked("text", "image/png") == ("text", "image/png")
    assert unmarked("file", None) == ("file", None)
