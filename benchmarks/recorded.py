"""The boto3 calls of an operation, recorded once and done again with nothing around them."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
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


def waves(calls: Sequence[Call]) -> list[list[Call]]:
    """Calls that overlapped, together; the next wave began after all of one had ended."""
    found: list[list[Call]] = []
    for call in sorted(calls, key=lambda call: call.started):
        if found and call.started < max(other.ended for other in found[-1]):
            found[-1].append(call)
        else:
            found.append([call])
    return found


class Bare:
    """The same calls with nothing around them, and as many at once, under names of their own."""

    def __init__(self, calls: Sequence[Call], clients: Mapping[str, Any], *names: str) -> None:
        """Takes what was recorded.

        Args:
            calls: What was recorded.
            clients: By service, configured as those that were recorded.
            names: What is unique in the recorded calls and has to be new in each repetition.
        """
        self._waves = waves(calls)
        self._clients = clients
        self._names = names
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE)

    def prepare(self, number: int) -> Callable[[], None]:
        """Makes one repetition; only calling it costs what is measured."""
        new = {
            name: (sha256(f"{id(self)} {name} {number}".encode()).hexdigest() * 3)[: len(name)] for name in self._names
        }
        prepared = [[replace(call, params=renamed(call.params, new)) for call in wave] for wave in self._waves]

        def run() -> None:
            for wave in prepared:
                if len(wave) == 1:
                    self._do(wave[0])
                else:
                    list(self._pool.map(self._do, wave))

        return run

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
