"""When a circuit lets calls through."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from google_adk_aws._resilience.circuit import Circuit, CircuitPolicy, Permit, Refusal, Verdict

from .clocks import FakeClock

pytestmark = pytest.mark.unit


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def circuit(clock: FakeClock) -> Circuit:
    return Circuit(CircuitPolicy(failures=3, open_seconds=60), clock)


def one(circuit: Circuit, verdict: Verdict) -> None:
    circuit.leave(entered(circuit), verdict)


def entered(circuit: Circuit) -> Permit:
    permit = circuit.enter()
    assert isinstance(permit, Permit)
    return permit


def opened(circuit: Circuit) -> None:
    for _ in range(circuit.policy.failures):
        one(circuit, "failed")
    assert state(circuit) == "open"


def state(circuit: Circuit) -> str:
    return circuit.state


def test_it_opens_after_so_many_failures_in_a_row_and_not_before(circuit: Circuit) -> None:
    one(circuit, "failed")
    one(circuit, "failed")
    assert (circuit.state, circuit.opened) == ("closed", 0)
    one(circuit, "failed")
    assert (circuit.state, circuit.opened) == ("open", 1)


def test_an_answer_in_between_starts_the_count_again(circuit: Circuit) -> None:
    for verdict in ("failed", "failed", "answered", "failed", "failed"):
        one(circuit, verdict)
    assert state(circuit) == "closed"


def test_what_is_not_known_neither_counts_nor_starts_again(circuit: Circuit) -> None:
    for verdict in ("failed", "unknown", "failed", "unknown"):
        one(circuit, verdict)
    assert state(circuit) == "closed"
    one(circuit, "failed")
    assert state(circuit) == "open"


def test_while_open_every_call_is_told_when_to_come_back(circuit: Circuit, clock: FakeClock) -> None:
    opened(circuit)
    assert circuit.enter() == Refusal(60.0)
    clock.pass_(45)
    assert circuit.enter() == Refusal(15.0)


def test_the_probe_closes_it(circuit: Circuit, clock: FakeClock) -> None:
    opened(circuit)
    clock.pass_(60)
    assert state(circuit) == "half_open"
    probe = entered(circuit)
    assert probe.probe
    assert circuit.enter() == Refusal(0.0)
    circuit.leave(probe, "answered")
    assert state(circuit) == "closed"
    assert not entered(circuit).probe


def test_the_probe_opens_it_again_for_as_long(circuit: Circuit, clock: FakeClock) -> None:
    opened(circuit)
    clock.pass_(61)
    one(circuit, "failed")
    assert (circuit.state, circuit.opened) == ("open", 2)
    clock.pass_(59)
    assert circuit.enter() == Refusal(1.0)


def test_after_a_probe_that_told_nothing_the_next_call_is_one(circuit: Circuit, clock: FakeClock) -> None:
    opened(circuit)
    clock.pass_(60)
    one(circuit, "unknown")
    assert state(circuit) == "half_open"
    assert entered(circuit).probe
    assert isinstance(circuit.enter(), Refusal)


@pytest.mark.parametrize("verdict", ["answered", "failed", "unknown"])
def test_calls_that_began_before_it_opened_tell_nothing_new(
    circuit: Circuit, clock: FakeClock, verdict: Verdict
) -> None:
    early = [entered(circuit) for _ in range(5)]
    opened(circuit)
    clock.pass_(60)
    probe = entered(circuit)
    for permit in early:
        circuit.leave(permit, verdict)
    assert isinstance(circuit.enter(), Refusal), "a second probe"
    circuit.leave(probe, "answered")
    for permit in early:
        circuit.leave(permit, verdict)
    assert (circuit.state, circuit.opened) == ("closed", 1)


@pytest.mark.parametrize("given_up", [False, True])
def test_of_many_threads_exactly_one_is_the_probe(circuit: Circuit, clock: FakeClock, *, given_up: bool) -> None:
    opened(circuit)
    clock.pass_(60)
    if given_up:
        one(circuit, "unknown")
    together = threading.Barrier(16)

    def enter(_: int) -> Any:
        together.wait(timeout=30)
        return circuit.enter()

    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(enter, range(16)))
    assert [permit.probe for permit in found if isinstance(permit, Permit)] == [True]


@pytest.mark.parametrize("arguments", [{"failures": 0, "open_seconds": 1}, {"failures": 1, "open_seconds": 0}])
def test_a_policy_that_cannot_be(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"failures must|open_seconds must"):
        CircuitPolicy(**arguments)
