"""The API in process, over a bucket and a table in memory, as the contract's tests have it."""

from __future__ import annotations

from tests.contract.conftest import _environment, aws, log, moto, world

__all__ = ["_environment", "aws", "log", "moto", "world"]
