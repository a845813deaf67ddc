"""Many agents' callers at once, for minutes, through the client and one restart of the API: nobody gets an error."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from google.genai import types

from artifact_store import ArtifactId
from google_adk_aws import HttpArtifactService
from local import Emulator, LocalApi
from tests.endurance.ledger import Ledger, digest_of
from tests.endurance.storage import Storage

__all__ = ["Soaked", "soak"]

_MIB: Final = 1024 * 1024
_SAMPLE_SECONDS: Final = 1.0
_TOLD_SECONDS: Final = 10.0
_GROWTH: Final = 1.10
_GROWTH_BYTES: Final = 8 * _MIB
"""Memory is flat if the last quarter's median is not above the second quarter's by more than 10 % and this."""

_NAMES: Final = ("report.md", "chart.png", "user:logo.png")


@dataclass
class Soaked:
    """What a run gave.

    Attributes:
        seconds: How long callers called.
        callers: How many at once.
        counts: Calls that were answered, by operation.
        errors: What callers got instead of an answer: nothing.
        latencies: Of all calls, in seconds.
        memory: Resident memory of the API and of the callers' process, in bytes, a sample a second.
        restarted_seconds: How long the API was away.
        drift: What one reconcile repaired afterwards.
        broken: Promises that were broken: none.
    """

    seconds: float
    callers: int
    counts: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    memory: dict[str, list[int]] = field(default_factory=lambda: {"API": [], "callers": []})
    restarted_seconds: float = 0.0
    drift: dict[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def growth(self) -> dict[str, tuple[float, float]]:
        """Median memory of the second and of the last quarter, in MiB."""
        return {who: _quarters(samples) for who, samples in self.memory.items()}

    def is_flat(self) -> bool:
        """Whether memory does not grow with time."""
        return all(last * _MIB <= second * _MIB * _GROWTH + _GROWTH_BYTES for second, last in self.growth().values())

    def __str__(self) -> str:
        calls = sum(self.counts.values())
        told = ", ".join(f"{times:,} {what}" for what, times in sorted(self.counts.items()))
        grown = ", ".join(f"{who} {second:.0f} → {last:.0f} MiB" for who, (second, last) in self.growth().items())
        quantiles = statistics.quantiles(self.latencies, n=100) if calls > 1 else [0.0] * 99
        return (
            f"{self.callers} callers for {self.seconds:.0f} s, the API away once for {self.restarted_seconds:.1f} s: "
            f"{calls:,} calls ({told}), {calls / self.seconds:.0f} a second, p50 {quantiles[49] * 1000:.0f} ms, p99 "
            f"{quantiles[98] * 1000:.0f} ms; {len(self.errors)} errors, {len(self.broken)} promises broken, drift "
            f"{self.drift or 'none'}; memory, second to last quarter: {grown}"
        )


def soak(*, seconds: float, callers: int, seed: int = 1, on_progress: Callable[[str], None] | None = None) -> Soaked:
    """Runs callers against a local API, restarts it in the middle, and judges.

    Args:
        seconds: How long.
        callers: How many at once.
        seed: Of what they do.
        on_progress: Called every ten seconds with a line of text.
    """
    result = Soaked(seconds, callers)
    with Emulator() as emulator, LocalApi(emulator=emulator) as api:
        ledger = asyncio.run(_run(api, result, seed, on_progress or (lambda _: None)))
        storage = Storage(api)
        artifacts = {name: _artifact(name) for name in ledger.tried}
        result.broken = ledger.judge(storage.versions(artifacts))
        result.drift = dict(storage.reconcile().drift)
    return result


def _artifact(name: str) -> ArtifactId:
    caller, _, filename = name.partition("/")
    return ArtifactId.of(app="app", user=caller, session="s", filename=filename)


async def _run(api: LocalApi, result: Soaked, seed: int, tell: Callable[[str], None]) -> Ledger:
    ledger, until = Ledger(), time.monotonic() + result.seconds
    async with HttpArtifactService(api.url) as service:
        watching = asyncio.create_task(_watch(api, result, until, tell))
        restarting = asyncio.create_task(_restart(api, result))
        calling = [_call(service, result, ledger, f"user{number}", seed, until) for number in range(result.callers)]
        await asyncio.gather(*calling)
        await restarting
        await watching
    return ledger


async def _restart(api: LocalApi, result: Soaked) -> None:
    await asyncio.sleep(result.seconds / 2)
    began = time.monotonic()
    await asyncio.to_thread(_stop_and_start, api)
    result.restarted_seconds = time.monotonic() - began


def _stop_and_start(api: LocalApi) -> None:
    api.stop()
    api.start()


async def _watch(api: LocalApi, result: Soaked, until: float, tell: Callable[[str], None]) -> None:
    began = told = time.monotonic()
    while (now := time.monotonic()) < until:
        for who, pid in (("API", api.pid), ("callers", "self")):
            resident = _resident(pid)
            if resident is not None:
                result.memory[who].append(resident)
        if now - told >= _TOLD_SECONDS:
            told = now
            memory = ", ".join(f"{who} {samples[-1] // _MIB} MiB" for who, samples in result.memory.items() if samples)
            tell(f"{now - began:.0f} s: {sum(result.counts.values()):,} calls, {len(result.errors)} errors, {memory}")
        await asyncio.sleep(_SAMPLE_SECONDS)


def _resident(pid: int | str | None) -> int | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), None)


def _quarters(samples: Sequence[int]) -> tuple[float, float]:
    quarter = max(len(samples) // 4, 1)
    second, last = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    return statistics.median(second or [0]) / _MIB, statistics.median(last or [0]) / _MIB


async def _call(
    service: HttpArtifactService, result: Soaked, ledger: Ledger, user: str, seed: int, until: float
) -> None:
    chance = random.Random(f"{seed}/{user}")  # noqa: S311 - load, no secret
    while time.monotonic() < until:
        what, name = chance.choices(*_MIX)[0], chance.choice(_NAMES)
        if what == "delete" and name != _NAMES[0]:
            continue
        where: dict[str, Any] = {"app_name": "app", "user_id": user, "session_id": "s"}
        began = time.monotonic()
        try:
            await _one(service, ledger, what, where, name, chance)
        except Exception as error:  # noqa: BLE001 - every one is counted
            result.errors.append(f"{what}: {type(error).__name__}: {error}")
        else:
            result.latencies.append(time.monotonic() - began)
            result.counts[what] += 1
        await asyncio.sleep(chance.uniform(0, 0.05))


_MIX: Final = (
    ("save", "load", "load version", "list", "versions", "describe", "delete"),
    (30, 30, 10, 12, 8, 8, 2),
)


async def _one(
    service: HttpArtifactService, ledger: Ledger, what: str, where: dict[str, Any], name: str, chance: random.Random
) -> None:
    known = f"{where['user_id']}/{name}"
    if what == "save":
        body = uuid4().bytes * chance.choice([1, 64, 1024])
        ledger.trying(known, digest_of(body))
        part = types.Part.from_bytes(data=body, mime_type="application/octet-stream")
        ledger.saved(known, digest_of(body), await service.save_artifact(**where, filename=name, artifact=part))
    elif what == "load":
        await service.load_artifact(**where, filename=name)
    elif what == "load version":
        await service.load_artifact(**where, filename=name, version=0)
    elif what == "list":
        await service.list_artifact_keys(**where)
    elif what == "versions":
        await service.list_versions(**where, filename=name)
    elif what == "describe":
        await service.get_artifact_version(**where, filename=name)
    else:
        ledger.deleting(known)
        await service.delete_artifact(**where, filename=name)
