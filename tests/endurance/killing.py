"""The API is killed again and again while callers use it; then everything is counted."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import httpx

from artifact_store import ArtifactId, Scope
from local import Emulator, LocalApi
from tests.endurance.ledger import Ledger, digest_of
from tests.endurance.storage import Storage

__all__ = ["Killed", "kill_again_and_again"]

_SCOPE: Final = Scope("app", "u@x", "s")
_LASTING: Final = tuple(f"lasting {number}" for number in range(6))
_MORTAL: Final = tuple(f"mortal {number}" for number in range(3))
_CALLERS: Final = 8
_WORDY: Final = '{"text":"' + "x" * 3000 + '"}'
"""Metadata that needs a manifest: its save puts two objects."""


@dataclass
class Killed:
    """What a run gave.

    Attributes:
        seed: Of what was done and when.
        kills: How often the API was killed.
        in_flight: Requests that were under way when it was, by operation.
        counts: What callers did.
        drift: What the one reconcile repaired.
        left: What a second one found: nothing.
        broken: Promises that were broken: none.
    """

    seed: int
    kills: int
    in_flight: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    drift: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = [f"{times:,} {what}" for what, times in sorted(self.counts.items())]
        caught = [f"{times:,} {what}" for what, times in sorted(self.in_flight.items())]
        return (
            f"seed {self.seed}: {self.kills} kills caught {', '.join(caught) or 'nothing'} under way; callers: "
            f"{', '.join(told)}; one reconcile repaired {dict(self.drift) or 'nothing'}, a second one found "
            f"{dict(self.left) or 'nothing'}; {len(self.broken)} promises broken"
        )


class _Callers:
    """Threads that save, load, list and delete until they are told to stop."""

    def __init__(self, api: LocalApi, seed: int) -> None:
        self.ledger = Ledger()
        self.under_way: Counter[str] = Counter()
        self._url = api.url
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, args=(seed, number)) for number in range(_CALLERS)]
        self._failures: list[BaseException] = []

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(120)
        if self._failures:
            raise self._failures[0]

    def snapshot(self) -> Counter[str]:
        """What is under way right now."""
        with self._lock:
            return +self.under_way

    def _work(self, seed: int, number: int) -> None:
        chance = random.Random(f"{seed}/{number}")  # noqa: S311 - load, no secret
        try:
            with httpx.Client(base_url=self._url, timeout=60) as client:
                while not self._stop.is_set():
                    self._one(chance, client)
        except BaseException as failure:  # noqa: BLE001 - told to whoever waits
            self._failures.append(failure)

    def _one(self, chance: random.Random, client: httpx.Client) -> None:
        name = chance.choice(_LASTING + _MORTAL)
        lot = chance.random()
        if lot < 0.7:
            self._save(chance, client, name)
        elif lot < 0.8:
            self._ask("load", lambda: client.get(_path(name)), repeat=False)
        elif lot < 0.9:
            self._ask("list", lambda: client.get(f"{_path(name)}/versions?limit=1000"), repeat=False)
        elif name in _MORTAL:
            self.ledger.deleting(name)
            self._ask("delete", lambda: client.delete(_path(name)), repeat=chance.random() < 0.5)

    def _save(self, chance: random.Random, client: httpx.Client, name: str) -> None:
        body = uuid4().bytes * chance.choice([1, 100, 2000])
        headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/octet-stream"}
        if chance.random() < 0.3:
            headers["Artifact-Metadata"] = _WORDY
        self.ledger.trying(name, digest_of(body))
        # Some give up at the first failure, and leave whatever there is.
        patient = chance.random() < 0.6
        answer = self._ask("save", lambda: client.post(_path(name), content=body, headers=headers), repeat=patient)
        if answer is not None and answer.status_code == httpx.codes.CREATED:
            self.ledger.saved(name, digest_of(body), answer.json()["version"])

    def _ask(self, what: str, send: Callable[[], httpx.Response], *, repeat: bool) -> httpx.Response | None:
        """Sends a request, again and again after a failure if it is to be repeated."""
        failed = False
        while True:
            try:
                with self._counted(what):
                    answer = send()
            except httpx.TransportError:
                failed = True
            else:
                if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                    self.ledger.count(f"{what}s answered{' after a failure' if failed else ''}")
                    return answer
            if not repeat or self._stop.is_set():
                self.ledger.count(f"{what}s given up")
                return None
            time.sleep(0.02)

    @contextmanager
    def _counted(self, what: str) -> Iterator[None]:
        with self._lock:
            self.under_way[what] += 1
        try:
            yield
        finally:
            with self._lock:
                self.under_way[what] -= 1


def kill_again_and_again(*, kills: int, seed: int, on_progress: Callable[[str], None] | None = None) -> Killed:
    """Kills the API at random moments, starts it again each time, and judges what is there in the end.

    Args:
        kills: How often.
        seed: Of the load and of the moments.
        on_progress: Called now and then with a line of text.
    """
    chance = random.Random(seed)  # noqa: S311 - load, no secret
    result = Killed(seed, kills)
    with Emulator() as emulator:
        api = LocalApi(emulator=emulator)
        api.start()
        callers = _Callers(api, seed)
        callers.start()
        try:
            for number in range(kills):
                time.sleep(chance.uniform(0.05, 0.8))
                result.in_flight += callers.snapshot()
                api.kill()
                api.start()
                if on_progress is not None and (number + 1) % 10 == 0:
                    on_progress(f"{number + 1} of {kills} kills, {sum(callers.ledger.counts.values()):,} requests")
        finally:
            callers.stop()
        storage = Storage(api)
        artifacts = {name: ArtifactId(_SCOPE, name) for name in _LASTING + _MORTAL}
        ledger = callers.ledger
        result.counts = ledger.counts
        result.broken += ledger.judge(storage.versions(artifacts))
        result.drift = dict(storage.reconcile().drift)
        result.left = dict(storage.reconcile().drift)
        result.broken += [f"after reconcile: {text}" for text in ledger.judge(storage.versions(artifacts))]
        result.broken += [f"reconcile left {kind}" for kind in result.left]
        api.stop()
    return result


def _path(name: str) -> Any:
    artifact = ArtifactId(_SCOPE, name)
    return f"/v1/apps/app/users/u@x/sessions/s/artifacts/{artifact.encoded_filename}"
