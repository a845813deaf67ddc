"""The store and its maintenance: made once per container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from artifact_maintenance.settings import Settings
from artifact_store import ArtifactStore
from artifact_store.adapters.aws import open_ports
from artifact_store.adapters.time import ManyInThreads
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
        table: The index table.
        clock: Time.
    """

    settings: Settings
    store: ArtifactStore
    maintenance: Maintenance
    table: Table
    clock: Clock


_made: Final[list[Parts]] = []


def parts() -> Parts:
    """The parts of this container."""
    if not _made:
        settings = Settings.from_env()
        ports, table = open_ports(bucket_name=settings.bucket_name, index_table_name=settings.index_table_name)
        use(
            Parts(
                settings=settings,
                store=ArtifactStore(ports),
                maintenance=Maintenance(ports, table, each=ManyInThreads()),
                table=table,
                clock=ports.clock,
            )
        )
    return _made[0]


def use(parts: Parts) -> None:
    """Puts parts in place."""
    _made[:] = [parts]


def reset() -> None:
    """Forgets the parts, so that the next invocation reads the environment again."""
    _made.clear()
