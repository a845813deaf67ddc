"""One operation, its faults, its repetition, and the judgement of it all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from artifact_store import ArtifactStoreError, Unavailable
from tests.faults.boundary.bench import Bench, Clients
from tests.faults.boundary.operations import OPERATIONS
from tests.faults.boundary.wire import ATTEMPTS, READ_TIMEOUT, Fault

__all__ = ["calls_of", "undergo"]

_TIMEOUT: Final = 20.0
"""How long the store's operations try, by default."""

_ONE_CALL: Final = ATTEMPTS * READ_TIMEOUT + 25.0
"""The longest that one call can take which was begun in time: its sendings, and botocore's pauses between."""


def calls_of(clients: Clients, name: str) -> list[tuple[str, str]]:
    """The calls of an operation to which nothing happens."""
    operation, bench = OPERATIONS[name], Bench(clients)
    given = operation.prepared(bench)
    bench.wire.begin()
    operation.run(bench, given)
    return list(bench.wire.calls)


def undergo(clients: Clients, name: str, *faults: Fault) -> bool:
    """Runs an operation that meets these faults, repeats it, and judges; returns whether the first attempt failed."""
    operation, bench = OPERATIONS[name], Bench(clients)
    given = operation.prepared(bench)
    before = operation.before if operation.found is None else operation.found
    bench.wire.begin(*faults)
    begun, failed = bench.clock.monotonic(), False
    with bench.clock.for_botocore():
        try:
            operation.run(bench, given)
        except Unavailable:
            failed = True
        except ArtifactStoreError as error:
            raise AssertionError(f"the caller may not think of repeating it: {error!r}") from error
    assert bench.wire.met, "nothing has happened"
    calls = len(bench.wire.calls)
    if "reconcile" not in name:
        assert bench.clock.monotonic() - begun <= _TIMEOUT + len(faults) * _ONE_CALL, f"{calls} calls took too long"
    bench.wire.begin()
    now = bench.digests()
    # What is made of several versions may stop between two of them.
    whole = [operation.after[:count] for count in range(len(before) + 1, len(operation.after))]
    assert now in [_digests(name, bodies) for bodies in (before, operation.after, *whole)], "half done"
    if not failed:
        assert now == _digests(name, operation.after), "answered, and not done"
    operation.run(bench, given)
    bench.settle()
    assert bench.bodies() == [*operation.after], "repeated, and not done once"
    return failed


def _digests(name: str, bodies: Sequence[bytes]) -> list[str | None]:
    return [None if name == "adopt" else hashlib.sha256(body).hexdigest() for body in bodies]
