"""The store and its maintenance: made once per container."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import boto3

from artifact_maintenance.settings import InvalidSettings, Settings
from artifact_store import ArtifactStore
from artifact_store.adapters.aws import CLIENT_CONFIG, open_ports
from artifact_store.adapters.sqs import MessageQueue
from artifact_store.adapters.time import ManyInThreads
from artifact_store.erasing import Eraser
from artifact_store.erasures import ErasureRequest, Erasures
from artifact_store.maintenance import Maintenance
from artifact_store.ports import Clock, Table

__all__ = ["Parts", "parts", "reset", "use"]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the functions work with.

    Attributes:
        settings: The environment.
        store: The artifact store.
        maintenance: Of that store.
        eraser: Goes on with deletions of users.
        erase_again: Asks for another sitting of one.
        table: The index table.
        clock: Time.
    """

    settings: Settings
    store: ArtifactStore
    maintenance: Maintenance
    eraser: Eraser
    erase_again: Callable[[ErasureRequest], None]
    table: Table
    clock: Clock


_made: Final[list[Parts]] = []


def parts() -> Parts:
    """The parts of this container."""
    if not _made:
        settings = Settings.from_env()
        ports, table = open_ports(bucket_name=settings.bucket_name, index_table_name=settings.index_table_name)
        each = ManyInThreads()
        use(
            Parts(
                settings=settings,
                store=ArtifactStore(ports),
                maintenance=Maintenance(ports, table, each=each),
                eraser=Eraser(ports, Erasures(table, ports.clock), each=each),
                erase_again=_asker(settings.erase_queue_url),
                table=table,
                clock=ports.clock,
            )
        )
    return _made[0]


def _asker(url: str | None) -> Callable[[ErasureRequest], None]:
    def ask(request: ErasureRequest) -> None:
        if url is None:
            raise InvalidSettings("environment variable ERASE_QUEUE_URL is missing")
        # Most deletions end in one sitting.
        MessageQueue(client=boto3.client("sqs", config=CLIENT_CONFIG), url=url).send(request.to_text())

    return ask


def use(parts: Parts) -> None:
    """Puts parts in place."""
    _made[:] = [parts]


def reset() -> None:
    """Forgets the parts, so that the next invocation reads the environment again."""
    _made.clear()
    # boto3 keeps the credentials that it read for its default session.
    boto3.DEFAULT_SESSION = None
