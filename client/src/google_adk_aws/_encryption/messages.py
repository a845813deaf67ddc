"""Encrypts and decrypts by the AWS Encryption SDK: its message format, framed, with key commitment.

Every function blocks, some wait for a key service. A message's first bytes are its header, with the context and the
encrypted data key; then frames, each authenticated by itself; the last one says that it is the last.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, Protocol

from google_adk_aws._errors import ArtifactEncryptionError
from google_adk_aws._redaction import first_sentence

__all__ = ["CHUNK_BYTES", "Encryptor", "Messages"]

CHUNK_BYTES: Final = 1024 * 1024
"""How much is encrypted or decrypted at once: a multiple of a frame."""

_FRAME_BYTES: Final = 64 * 1024
_MAX_FRAME_BYTES: Final = 1024 * 1024
"""A header is read before anything is authenticated: it must not decide how much memory is taken."""


_KMS_ERROR: Final = "ComAmazonawsKms"
"""What the SDK makes of an answer of KMS; the code is in its text, if anywhere."""

_ERROR_CODE: Final = re.compile(r"An error occurred \((?P<code>\w+)\)")


class Readable(Protocol):
    """What the SDK needs of a source."""

    def read(self, size: int = -1, /) -> bytes:
        """Exactly `size` bytes; fewer at the end only."""


class Encryptor:
    """A message that is read as it is made. See `Messages.encryptor`."""

    def __init__(self, stream: Any, *, size_known: bool) -> None:
        self._stream = stream
        try:
            # Asks for the data key.
            stream.header  # noqa: B018 - a property that works
            self.size: int | None = stream.ciphertext_length() if size_known else None
        except Exception as error:
            raise _not_encrypted(error) from error

    def read(self, size: int) -> bytes:
        """At most `size` bytes; nothing at the end.

        Raises:
            ArtifactEncryptionError: It cannot be made.
        """
        try:
            data: bytes = self._stream.read(size)
        except Exception as error:
            raise _not_encrypted(error) from error
        return data


class Messages:
    """Messages under certain keys. For any number of threads.

    Args:
        client: An `aws_encryption_sdk.EncryptionSDKClient`.
        suite: How it encrypts.
        encrypting: The keyring whose keys new messages are encrypted under.
        decrypting: The keyring that decrypts messages.
    """

    def __init__(self, client: Any, *, suite: Any, encrypting: Any, decrypting: Any) -> None:
        self._client = client
        self._suite = suite
        self._encrypting = encrypting
        self._decrypting = decrypting

    def encryptor(self, source: Readable, context: Mapping[str, str], *, size: int | None) -> Encryptor:
        """A message of what a source gives.

        Args:
            source: Its content; not read before the message is.
            context: What it is bound to.
            size: Bytes of the content, if that is known; then the message's own size is, too.

        Raises:
            ArtifactEncryptionError: No data key can be had.
        """
        stream = self._client.stream(
            mode="e",
            source=source,
            source_length=size,
            keyring=self._encrypting,
            encryption_context=dict(context),
            algorithm=self._suite,
            frame_length=_FRAME_BYTES,
        )
        return Encryptor(stream, size_known=size is not None)

    def encrypt(self, content: bytes | bytearray | memoryview, context: Mapping[str, str]) -> bytes:
        """The message of a content in memory.

        Raises:
            ArtifactEncryptionError: No data key can be had.
        """
        encryptor = self.encryptor(io.BytesIO(content), context, size=memoryview(content).nbytes)
        return b"".join(iter(lambda: encryptor.read(CHUNK_BYTES), b""))

    def decrypt(self, message: bytes, context: Mapping[str, str]) -> bytes:
        """The content of a message in memory, once all of it is authenticated.

        Raises:
            ArtifactEncryptionError: It is not what was encrypted, or not for this.
        """
        buffer = io.BytesIO()
        for chunk in self.decrypted(io.BytesIO(message), context):
            buffer.write(chunk)
        return buffer.getvalue()

    def decrypted(self, source: BinaryIO, context: Mapping[str, str]) -> Iterator[bytes]:
        """The content of a message. Only once all was given it is known that nothing is missing, and who signed it.

        Raises:
            ArtifactEncryptionError: It is not what was encrypted, or not for this.
            OSError: The source cannot be read.
        """
        # Not in a `with`: the SDK logs the traceback of every message that it does not decrypt.
        stream = self._client.stream(
            mode="d",
            source=source,
            keyring=self._decrypting,
            encryption_context=dict(context),
            max_body_length=_MAX_FRAME_BYTES,
        )
        try:
            yield from _opened(stream, context)
        finally:
            # Not its own `close`, which raises unless all was read, also when it is collected.
            io.IOBase.close(stream)
        if source.read(1):
            raise _damaged()


def _opened(stream: Any, context: Mapping[str, str]) -> Iterator[bytes]:
    try:
        found = stream.header.encryption_context
    except OSError:
        raise
    except Exception as error:
        raise _not_opened(error) from error
    # The SDK compares only what the message has.
    if {name: value for name, value in found.items() if not name.startswith("aws-crypto-")} != context:
        raise _for_another()
    while chunk := _next_of(stream):
        yield chunk


def _next_of(stream: Any) -> bytes:
    try:
        chunk: bytes = stream.read(CHUNK_BYTES)
    except OSError:
        raise
    except Exception as error:
        raise _damaged() from error
    return chunk


def _not_encrypted(error: Exception) -> ArtifactEncryptionError:
    service = _service_error(error)
    if service is not None:
        return _unavailable(service)
    return ArtifactEncryptionError(
        f"the content cannot be encrypted: {type(error).__name__} of the AWS Encryption SDK", code="encryption_failed"
    )


def _not_opened(error: Exception) -> ArtifactEncryptionError:
    service = _service_error(error)
    if service is not None:
        return _unavailable(service)
    if "encryption context does not match" in str(error).lower():
        return _for_another()
    if type(error).__name__ != "AWSEncryptionSDKClientError":
        # The SDK's own errors of malformed messages are subclasses; the one of its keyrings is not.
        return _damaged()
    return ArtifactEncryptionError("the content was encrypted under a key that this client has not", code="wrong_key")


def _for_another() -> ArtifactEncryptionError:
    return ArtifactEncryptionError(
        "the content was encrypted for another artifact, or with another type or display name: "
        "it was copied or changed behind the API",
        code="other_artifact",
    )


def _damaged() -> ArtifactEncryptionError:
    return ArtifactEncryptionError("the encrypted content is damaged, or was never encrypted", code="damaged")


def _unavailable(reason: str) -> ArtifactEncryptionError:
    return ArtifactEncryptionError(
        f"the key service does not let its key be used, or is not reached: {reason}", code="key_unavailable"
    )


def _service_error(error: BaseException) -> str | None:
    """What the key service said, or the name of the exception, if it was the key service that failed."""
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - comes with the extra

    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, BotoCoreError):
            return type(one).__name__
        if type(one).__name__ == _KMS_ERROR:
            code = _ERROR_CODE.search(str(one))
            return code["code"] if code else first_sentence(str(one))
        # Keyrings wrap what their services raise, and gather what their members do.
        pending += [one.__cause__, one.__context__, *one.args, *(getattr(one, "list", None) or [])]
    return None
