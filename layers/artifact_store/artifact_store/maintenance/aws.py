"""Maintenance on AWS, with boto3 clients made for it."""

from __future__ import annotations

from artifact_store.adapters.aws import open_ports
from artifact_store.adapters.time import ManyInThreads
from artifact_store.maintenance.operations import Maintenance
from artifact_store.store import ArtifactStore

__all__ = ["open_maintenance"]


def open_maintenance(*, bucket_name: str, index_table_name: str) -> tuple[Maintenance, ArtifactStore]:
    """Opens the maintenance of one bucket and one index table, and the store itself.

    Args:
        bucket_name: A bucket with versioning on.
        index_table_name: A table with the string keys `pk` and `sk`.
    """
    ports, table = open_ports(bucket_name=bucket_name, index_table_name=index_table_name)
    return Maintenance(ports, table, each=ManyInThreads()), ArtifactStore(ports)
