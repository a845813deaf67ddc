"""The boto3 calls of an operation, recorded once and done again with nothing around them."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import Any

from botocore import xform_name

_MOST_AT_ONCE = 10


@dataclass(slots=True)
class Call:
    """One boto3 call: what was asked of which service, and when it ran on the performance clock."""

    service: str
    method: str
    params: dict[str, Any]
    started: float
    ended: float = 0.0


class Recording:
    """The boto3 calls that something made."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def watch(self, service: str, client: Any) -> None:
        """Notes every call of a client from now on."""

        def begun(params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
            call = Call(service, xform_name(model.name), copy.deepcopy(params), time.perf_counter())
            context["recorded"] = call
            self.calls.append(call)

        def ended(context: dict[str, Any], **_: object) -> None:
            context["recorded"].ended = time.perf_counter()

        client.meta.events.register_first(f"provide-client-params.{service}", begun)
        client.meta.events.register(f"after-call.{service}", ended)
        client.meta.events.register(f"after-call-error.{service}", ended)

    def of(self, work: Callable[[], object]) -> list[Call]:
        """The calls that a function makes."""
        self.calls.clear()
        work()
        return copy.deepcopy(self.calls)


def before(calls: Sequence[Call], number: int) -> list[int]:
    """Which calls had ended when this one began."""
    return [other for other in range(number) if calls[other].ended <= calls[number].started]


def waves(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls by how many others, one after the other, they waited for."""
    places: list[int] = []
    found: list[list[Call]] = []
    for number, call in enumerate(calls):
        places.append(max((places[other] + 1 for other in before(calls, number)), default=0))
        while len(found) <= places[-1]:
            found.append([])
        found[places[-1]].append(call)
    return found


class Bare:
    """The same calls with nothing around them, each after those that it waited for, under names of their own."""

    def __init__(self, calls: Sequence[Call], clients: Mapping[str, Any], *names: str) -> None:
        """Takes what was recorded.

        Args:
            calls: What was recorded.
            clients: By service, configured as those that were recorded.
            names: What is unique in the recorded calls and has to be new in each repetition.
        """
        self._calls = calls
        self._before = [before(calls, number) for number in range(len(calls))]
        self._in_turn = all(len(wave) == 1 for wave in waves(calls))
        self._clients = clients
        self._names = names
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE)

    def prepare(self, number: int) -> Callable[[], None]:
        """Makes one repetition; only calling it costs what is measured."""
        new = {
            name: (sha256(f"{id(self)} {name} {number}".encode()).hexdigest() * 3)[: len(name)] for name in self._names
        }
        prepared = [replace(call, params=renamed(call.params, new)) for call in self._calls]
        return partial(self._run_in_turn if self._in_turn else self._run_at_once, prepared)

    def _run_in_turn(self, calls: Sequence[Call]) -> None:
        for call in calls:
            self._do(call)

    def _run_at_once(self, calls: Sequence[Call]) -> None:
        running: list[Future[None]] = []
        for call, earlier in zip(calls, self._before, strict=True):
            running.append(self._pool.submit(self._do_after, [running[other] for other in earlier], call))
        for future in running:
            future.result()

    def _do_after(self, earlier: Sequence[Future[None]], call: Call) -> None:
        for future in earlier:
            future.result()
        self._do(call)

    def _do(self, call: Call) -> None:
        answer = getattr(self._clients[call.service], call.method)(**call.params)
        if call.method == "get_object":
            answer["Body"].read()


def renamed(value: Any, new: Mapping[str, str]) -> Any:
    """A copy in whose strings names are others."""
    if isinstance(value, dict):
        return {key: renamed(item, new) for key, item in value.items()}
    if isinstance(value, list):
        return [renamed(item, new) for item in value]
    if isinstance(value, str):
        for name, other in new.items():
            value = value.replace(name, other)
    return value


def unique_names(calls: Sequence[Call], filename: str) -> list[str]:
    """What must not repeat in calls that save: the name, the token, the request and its idempotency id."""
    names = {filename}
    for call in calls:
        if call.method == "transact_write_items":
            names.add(call.params["ClientRequestToken"])
            names |= {
                item["Put"]["Item"]["sk"]["S"].removeprefix("t#")
                for item in call.params["TransactItems"]
                if "Put" in item and item["Put"]["Item"]["sk"]["S"].startswith("t#")
            }
        if call.method == "put_item":
            names.add(call.params["Item"]["id"]["S"])
    return sorted(names, key=len, reverse=True)


def timed(work: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
