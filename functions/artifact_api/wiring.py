"""The store, clients and secrets: made once per container, and not before something needs them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import boto3

from artifact_api.settings import InvalidSettings, Settings
from artifact_store import ArtifactId, ArtifactStore
from artifact_store.adapters.aws import CLIENT_CONFIG, open_ports
from artifact_store.adapters.dynamodb import DynamoTable
from artifact_store.adapters.sqs import MessageQueue
from artifact_store.adapters.time import ManyInThreads
from artifact_store.erasures import Erasure, ErasureRequest, Erasures
from artifact_store.ports import Ports

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from artifact_api.idempotency import FastPath
    from artifact_api.signing_keys import SigningKeys
    from artifact_store.erasing import Eraser

__all__ = [
    "ask_for_erasure",
    "ask_for_purge",
    "dynamodb",
    "each",
    "erasures",
    "fast_path",
    "reset",
    "settings",
    "signing_keys",
    "store",
    "use",
]

Made = TypeVar("Made")

_DELETES_AT_ONCE: Final = 8

_lock: Final = threading.RLock()
_made: Final[dict[str, Any]] = {}


def reset() -> None:
    """Forgets everything that was made, so that the next request reads the environment again."""
    with _lock:
        _made.clear()
        # boto3 keeps the credentials that it read for its default session.
        boto3.DEFAULT_SESSION = None


def use(
    *,
    store: ArtifactStore | None = None,
    dynamodb: DynamoDBClient | None = None,
    erasures: Erasures | None = None,
    eraser: Eraser | None = None,
) -> None:
    """Puts another store or client, or other jobs, in place until the next `reset`; for tests."""
    given = {"store": store, "dynamodb": dynamodb, "erasures": erasures, "eraser": eraser}
    with _lock:
        _made.update({name: made for name, made in given.items() if made is not None})


def settings() -> Settings:
    """The settings of this container."""
    return _once("settings", Settings.from_env)


def dynamodb() -> DynamoDBClient:
    """The DynamoDB client that the store and the idempotency table share."""
    return _once("dynamodb", lambda: boto3.client("dynamodb", config=CLIENT_CONFIG))


def store() -> ArtifactStore:
    """The artifact store."""
    return _once("store", lambda: ArtifactStore(_ports()[0]))


def _ports() -> tuple[Ports, DynamoTable]:
    return _once(
        "ports",
        lambda: open_ports(
            bucket_name=settings().bucket_name,
            index_table_name=settings().index_table_name,
            dynamodb=dynamodb(),
        ),
    )


def each(function: Callable[[Any], Any], given: Iterable[Any], /) -> Sequence[Any]:
    """Does the same for many things, several at a time."""
    return _once("each", lambda: ManyInThreads(workers=_DELETES_AT_ONCE))(function, given)


def erasures() -> Erasures:
    """The deletions of users."""

    def make() -> Erasures:
        ports, table = _ports()
        return Erasures(table, ports.clock)

    return _once("erasures", make)


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


def ask_for_erasure(erasure: Erasure, *, holder: str, seconds: float) -> None:
    """Asks for the deletion of a user to be worked off elsewhere; without a queue, it is worked off here.

    Args:
        erasure: The job.
        holder: A name that no other request has.
        seconds: How long it may take here. What is left then waits for the next request.

    Raises:
        StorageUnavailable: The queue did not take it, or storage failed.
    """
    url = settings().erase_queue_url
    if url is None:
        _eraser().work(erasure.scope, erasure.id, holder=holder, seconds=seconds)
        return
    # Users are hardly ever deleted, so no cold start pays for the queue's client.
    queue = _once("erase_queue", lambda: MessageQueue(client=boto3.client("sqs", config=CLIENT_CONFIG), url=url))
    queue.send(ErasureRequest(erasure.scope, erasure.id).to_text())


def _eraser() -> Eraser:
    def make() -> Eraser:
        from artifact_store.erasing import Eraser  # noqa: PLC0415 - where there is a queue nobody needs it

        return Eraser(_ports()[0], erasures(), each=each)

    return _once("eraser", make)


def signing_keys() -> SigningKeys:
    """The keys of cursors and upload ids."""

    def make() -> SigningKeys:
        # Most requests have neither, so no cold start pays for this client.
        from artifact_api.signing_keys import SigningKeys  # noqa: PLC0415

        arn = settings().cursor_secret_arn
        if arn is None:
            raise InvalidSettings("environment variable CURSOR_SECRET_ARN is missing")
        return SigningKeys(boto3.client("secretsmanager", config=CLIENT_CONFIG), arn, monotonic=time.monotonic)

    return _once("signing_keys", make)


def _once(name: str, make: Callable[[], Made]) -> Made:
    made = _made.get(name)
    if made is None:
        with _lock:
            made = _made.get(name)
            if made is None:
                made = _made[name] = make()
    return cast("Made", made)
