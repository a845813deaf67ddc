"""The store, clients and secrets: made once per container, and not before something needs them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import boto3

from artifact_api.settings import InvalidSettings, Settings
from artifact_store import ArtifactId, ArtifactStore, StorageUnavailable
from artifact_store.adapters.aws import CLIENT_CONFIG, open_store

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from artifact_api.idempotency import FastPath

__all__ = ["ask_for_purge", "dynamodb", "fast_path", "reset", "settings", "signing_keys", "store", "use"]

Made = TypeVar("Made")

_SECRET_SECONDS: Final = 300

_lock: Final = threading.RLock()
_made: Final[dict[str, Any]] = {}


def reset() -> None:
    """Forgets everything that was made, so that the next request reads the environment again."""
    with _lock:
        _made.clear()


def use(*, store: ArtifactStore | None = None, dynamodb: DynamoDBClient | None = None) -> None:
    """Puts another store or client in place until the next `reset`; for tests."""
    with _lock:
        _made.update({name: made for name, made in (("store", store), ("dynamodb", dynamodb)) if made is not None})


def settings() -> Settings:
    """The settings of this container."""
    return _once("settings", Settings.from_env)


def dynamodb() -> DynamoDBClient:
    """The DynamoDB client that the store and the idempotency table share."""
    return _once("dynamodb", lambda: boto3.client("dynamodb", config=CLIENT_CONFIG))


def store() -> ArtifactStore:
    """The artifact store."""
    return _once(
        "store",
        lambda: open_store(
            bucket_name=settings().bucket_name,
            index_table_name=settings().index_table_name,
            dynamodb=dynamodb(),
        ),
    )


def fast_path() -> FastPath:
    """The fast path of repeated saves.

    Raises:
        InvalidSettings: This function has no idempotency table.
    """

    def make() -> FastPath:
        # Only the write function saves; the others need not import Powertools' idempotency.
        from artifact_api.idempotency import FastPath  # noqa: PLC0415

        table_name = settings().idempotency_table_name
        if table_name is None:
            raise InvalidSettings("environment variable IDEMPOTENCY_TABLE_NAME is missing")
        return FastPath(client=dynamodb(), table_name=table_name)

    return _once("fast_path", make)


def ask_for_purge(artifact: ArtifactId, gen: str) -> None:
    """Asks for a purge to be ended elsewhere; without a queue, reconcile finds it.

    Raises:
        StorageUnavailable: The queue did not take it.
    """
    url = settings().purge_queue_url
    if url is None:
        return
    # Hardly a delete leaves anything, so no cold start pays for the queue's client.
    from artifact_api.purge_queue import PurgeQueue  # noqa: PLC0415

    _once("purge_queue", lambda: PurgeQueue(client=boto3.client("sqs", config=CLIENT_CONFIG), url=url))(artifact, gen)


def signing_keys() -> tuple[bytes, ...]:
    """The keys of cursors and upload ids: the first one signs, each one is good for reading.

    Read from Secrets Manager when one of these is made or read, then kept for five minutes.

    Raises:
        StorageUnavailable: Secrets Manager did not answer.
    """
    arn = settings().cursor_secret_arn
    if arn is None:
        raise InvalidSettings("environment variable CURSOR_SECRET_ARN is missing")
    # Most requests have neither, so no cold start pays for this import.
    from aws_lambda_powertools.utilities.parameters import SecretsProvider  # noqa: PLC0415
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError  # noqa: PLC0415

    provider = _once("secrets", lambda: SecretsProvider(boto_config=CLIENT_CONFIG))
    try:
        secret = cast("str", provider.get(arn, max_age=_SECRET_SECONDS))
    except GetParameterError as error:
        raise StorageUnavailable("the signing key cannot be read") from error
    return (secret.encode(),)


def _once(name: str, make: Callable[[], Made]) -> Made:
    made = _made.get(name)
    if made is None:
        with _lock:
            made = _made.get(name)
            if made is None:
                made = _made[name] = make()
    return cast("Made", made)
