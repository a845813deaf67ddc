"""Processes that save straight on S3 are killed again and again; then everything is counted."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from artifact_store import ArtifactId
from google_adk_aws import ArtifactNotFoundError, S3ArtifactService
from local import LocalApi
from local.provision import aws_client
from tests.endurance.direct_saver import LASTING, MORTAL, SCOPE
from tests.endurance.ledger import Ledger
from tests.endurance.storage import Storage

__all__ = ["KilledDirect", "kill_direct", "new_bucket", "new_table", "service_on"]

_ROOT: Final = Path(__file__).parents[2]
_ARTIFACTS: Final = {name: ArtifactId(SCOPE, name) for name in LASTING + MORTAL}
_AT_ONCE: Final = 3


@dataclass
class KilledDirect:
    """What a run gave.

    Attributes:
        mode: `with the table` or `without a table`.
        seed: Of the moments.
        kills: How many processes were killed.
        under_way: Saves that were under way in them.
        saved: Saves that were acknowledged.
        repaired: What one reconcile repaired, or one sweep removed.
        broken: Promises that were broken: none.
    """

    mode: str
    seed: int
    kills: int
    under_way: int = 0
    saved: int = 0
    repaired: Mapping[str, int] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.mode}, seed {self.seed}: {self.kills} kills caught {self.under_way:,} saves under way; "
            f"{self.saved:,} saves acknowledged; repaired {dict(self.repaired) or 'nothing'}; "
            f"{len(self.broken)} promises broken"
        )


class _Nursery:
    """Forks savers, listens to them, and kills them."""

    def __init__(self, api: LocalApi, bucket_name: str, table_name: str | None) -> None:
        self.ledger = Ledger()
        self._living: list[int] = []
        self._killed: list[int] = []
        self._under_way: dict[int, int] = {}
        self._saved = 0
        self._heard = threading.Condition()
        command = [sys.executable, "-m", "tests.endurance.direct_saver", api.aws_endpoint_url, bucket_name]
        self._process = subprocess.Popen(
            [*command, *([table_name] if table_name else [])],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            what, pid, *rest = line.split()
            name = rest[0].replace("_", " ") if rest else ""
            with self._heard:
                if what == "begun":
                    self._living.append(int(pid))
                elif what == "deletes":
                    self.ledger.deleting(name)
                elif what == "tries":
                    self._under_way[int(pid)] = self._under_way.get(int(pid), 0) + 1
                    self.ledger.trying(name, rest[1])
                else:
                    self._under_way[int(pid)] -= 1
                    if what == "saved":
                        self.ledger.saved(name, rest[1], int(rest[2]))
                        self._saved += 1
                self._heard.notify_all()

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")

    def wait_for_a_save(self) -> None:
        """Until one more was acknowledged: a busy machine may take seconds to get there."""
        with self._heard:
            saved = self._saved
            if not self._heard.wait_for(lambda: self._saved > saved and self._saving(), 120):
                raise TimeoutError("nobody saves")

    def kill_one(self, chance: random.Random) -> None:
        """Kills one of those that have begun to save."""
        with self._heard:
            pid = chance.choice(self._saving())
            os.kill(pid, signal.SIGKILL)
            self._living.remove(pid)
            self._killed.append(pid)

    def _saving(self) -> list[int]:
        return [pid for pid in self._living if pid in self._under_way]

    def under_way(self) -> int:
        """Saves that were under way in the killed; known when all that they said has been read, after `end`."""
        return sum(self._under_way[pid] for pid in self._killed)

    def end(self) -> None:
        # The group, since it may just have forked one that has said nothing yet.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.join(60)
        if self._listener.is_alive():
            raise TimeoutError("a saver outlived its nursery")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()


def kill_direct(
    api: LocalApi, *, with_table: bool, kills: int, seed: int, on_progress: Callable[[str], None] | None = None
) -> KilledDirect:
    """Kills savers at random moments, and judges what is there in the end.

    Args:
        api: Whose emulator is used, and whose bucket and table in the mode with a table.
        with_table: Which mode of the service.
        kills: How often.
        seed: Of the moments; what the savers do is different each time.
        on_progress: Called now and then with a line of text.
    """
    result = KilledDirect("with the table" if with_table else "without a table", seed, kills)
    bucket_name = api.bucket_name if with_table else new_bucket(api)
    nursery = _Nursery(api, bucket_name, api.table_name if with_table else None)
    try:
        _kill(nursery, result, on_progress)
    finally:
        nursery.end()
    ledger = nursery.ledger
    result.under_way = nursery.under_way()
    result.saved = sum(map(len, ledger.told.values()))
    if with_table:
        _judge_with_table(api, ledger, result)
    else:
        _judge_without_table(api, bucket_name, ledger, result)
    return result


def _kill(nursery: _Nursery, result: KilledDirect, on_progress: Callable[[str], None] | None) -> None:
    chance = random.Random(result.seed)  # noqa: S311 - load, no secret
    for _ in range(_AT_ONCE):
        nursery.begin()
    for number in range(result.kills):
        nursery.wait_for_a_save()
        time.sleep(chance.uniform(0.05, 0.5))
        nursery.kill_one(chance)
        nursery.begin()
        if on_progress is not None and (number + 1) % 20 == 0:
            told = sum(map(len, nursery.ledger.told.values()))
            on_progress(f"{result.mode}: {number + 1} of {result.kills} kills, {told:,} saves")


def _judge_with_table(api: LocalApi, ledger: Ledger, result: KilledDirect) -> None:
    storage = Storage(api)
    result.broken += ledger.judge(storage.versions(_ARTIFACTS))
    result.repaired = dict(storage.reconcile().drift)
    result.broken += [f"reconcile left {kind}" for kind in storage.reconcile().drift]
    result.broken += [f"after reconcile: {text}" for text in ledger.judge(storage.versions(_ARTIFACTS))]


def _judge_without_table(api: LocalApi, bucket_name: str, ledger: Ledger, result: KilledDirect) -> None:
    with service_on(api, bucket_name) as service:
        found = asyncio.run(_versions(service))
        result.broken += ledger.judge(found)
        result.repaired = {"swept": asyncio.run(service.client.sweep(SCOPE))}
        result.broken += [f"after sweep: {text}" for text in ledger.judge(asyncio.run(_versions(service)))]
        left = asyncio.run(service.client.sweep(SCOPE))
        result.broken += [f"a second sweep removed {left}"] if left else []
    rebuilt = Storage(api, bucket_name=bucket_name, table_name=new_table(api))
    rebuilt.rebuild()
    if rebuilt.versions(_ARTIFACTS) != found:
        result.broken.append("an index made from the bucket tells something else")


def service_on(api: LocalApi, bucket_name: str) -> S3ArtifactService:
    """The service on a bucket without a table."""
    environment = api.environment
    return S3ArtifactService(
        bucket_name,
        environment["AWS_REGION"],
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        endpoint_url=api.aws_endpoint_url,
    )


async def _versions(service: S3ArtifactService) -> dict[str, Sequence[tuple[int, bytes]]]:
    return {name: await _versions_of(service, artifact) for name, artifact in _ARTIFACTS.items()}


async def _versions_of(service: S3ArtifactService, artifact: ArtifactId) -> list[tuple[int, bytes]]:
    try:
        numbers = [version.version async for version in service.client.versions(artifact)]
    except ArtifactNotFoundError:
        return []
    limit = asyncio.Semaphore(16)

    async def load(number: int) -> tuple[int, bytes]:
        async with limit:
            return number, (await service.client.load(artifact, number)).body

    return list(await asyncio.gather(*map(load, numbers)))


def new_bucket(api: LocalApi) -> str:
    """Makes a bucket on an API's emulator."""
    s3: Any = aws_client("s3", api.aws_endpoint_url)
    name = f"direct-{uuid4()}"
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def new_table(api: LocalApi) -> str:
    """Makes an index table on an API's emulator."""
    dynamodb: Any = aws_client("dynamodb", api.aws_endpoint_url)
    name = f"direct-{uuid4()}"
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in (("pk", "HASH"), ("sk", "RANGE"))],
    )
    return name
