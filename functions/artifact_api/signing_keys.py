"""The keys that cursors and upload ids are signed with, and how they outlive a rotation of their secret.

Secrets Manager keeps the version before the current one under the stage AWSPREVIOUS: what was signed with it is good
until the next rotation.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from artifact_store import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

__all__ = ["SigningKeys"]

_KEPT_SECONDS: Final = 300.0
_SECONDS_BETWEEN_DOUBTS: Final = 5.0
_CURRENT: Final = "AWSCURRENT"
_PREVIOUS: Final = "AWSPREVIOUS"


class SigningKeys:
    """The keys of one secret; read when one is needed, then kept for five minutes.

    Iterating gives every key that is good for reading, the current one first. The previous one is read only when the
    current one did not fit; and when neither did, both are read anew, for the secret may have been rotated meanwhile.
    """

    def __init__(self, client: SecretsManagerClient, arn: str, *, monotonic: Callable[[], float]) -> None:
        """Prepares; calls nothing.

        Args:
            client: Calls Secrets Manager.
            arn: The secret.
            monotonic: Seconds on a clock that never goes back.
        """
        self._client = client
        self._arn = arn
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._read: dict[str, tuple[float, bytes | None]] = {}

    def current(self) -> bytes:
        """The key that signs.

        Raises:
            StorageUnavailable: Secrets Manager did not answer, or has no such secret.
        """
        return cast("bytes", self._key(_CURRENT, kept=_KEPT_SECONDS))

    def __iter__(self) -> Iterator[bytes]:
        for kept in (_KEPT_SECONDS, _SECONDS_BETWEEN_DOUBTS):
            for stage in (_CURRENT, _PREVIOUS):
                key = self._key(stage, kept=kept)
                if key is not None:
                    yield key

    def _key(self, stage: str, *, kept: float) -> bytes | None:
        with self._lock:
            now = self._monotonic()
            read_at, key = self._read.get(stage, (float("-inf"), None))
            if now - read_at >= kept:
                key = self._fetch(stage)
                self._read[stage] = now, key
            return key

    def _fetch(self, stage: str) -> bytes | None:
        try:
            return self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)["SecretString"].encode()
        except ClientError as error:
            if stage == _PREVIOUS and error.response["Error"]["Code"] == "ResourceNotFoundException":
                return None  # it was never rotated
            raise StorageUnavailable("the signing key cannot be read") from error
        except BotoCoreError as error:
            raise StorageUnavailable("the signing key cannot be read") from error
