"""Handler time (event in, response out) ÷ the bare boto3 calls it makes, in turn, on one emulator.

    python benchmarks/handler_overhead.py [--rounds 300]

Content is 1 KiB. The bare calls are the handler's own, recorded once and repeated under new names by
clients of the same configuration.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from artifact_store.adapters.aws import CLIENT_CONFIG
from benchmarks.recorded import Bare, Call, Recording, timed, unique_names
from local import Emulator, Template, provision

EVENTS = Path(__file__).parents[1] / "events"
BODY = os.urandom(1024)
WARM_UP = 20


class Context:
    """What the handlers read of Lambda's context."""

    function_name = "benchmark"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:benchmark"
    aws_request_id = "benchmark"

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        return 29_000


def event(name: str, filename: str, **headers: str) -> dict[str, Any]:
    """A sample event for another filename."""
    made: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    path = f"/v1/apps/app/users/u/sessions/s/artifacts/{filename}"
    made["rawPath"] = made["requestContext"]["http"]["path"] = path
    made["pathParameters"] = {"app": "app", "user": "u", "session": "s", "filename": filename}
    keep = {k: v for k, v in made["headers"].items() if k.startswith(("host", "user-agent", "accept"))}
    made["headers"] = {**keep, **headers}
    return made


def save_event(filename: str, *, key: str | None) -> dict[str, Any]:
    headers = {"content-type": "application/octet-stream", "content-length": str(len(BODY))}
    if key:
        headers["idempotency-key"] = key
    made = event("save_artifact", filename, **headers)
    made["body"], made["isBase64Encoded"] = base64.b64encode(BODY).decode(), True
    return made


def answered(handler: Callable[[dict[str, Any], Any], dict[str, Any]], request: dict[str, Any], status: int) -> None:
    answer = handler(request, Context())
    if answer["statusCode"] != status:
        raise SystemExit(f"unexpected answer: {answer}")


def bare(calls: list[Call], *names: str) -> Bare:
    """The same calls by clients of their own."""
    clients = {service: boto3.client(service, config=CLIENT_CONFIG) for service in ("s3", "dynamodb")}
    return Bare(calls, clients, *names)


def measure(name: str, ours: Callable[[int], object], theirs: Bare, rounds: int) -> str:
    for number in range(WARM_UP):
        ours(number)
        theirs.prepare(number)()
    pairs = []
    for number in range(WARM_UP, WARM_UP + rounds):
        repetition = theirs.prepare(number)
        pairs.append((timed(lambda: ours(number)), timed(repetition)))  # noqa: B023 - called at once
    mine, alone = (statistics.median(side) * 1000 for side in zip(*pairs, strict=True))
    return f"| {name} | {mine:.2f} | {alone:.2f} | {mine / alone:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300, help="pairs measured for each operation")
    rounds = parser.parse_args().rounds
    with Emulator() as emulator:
        os.environ.update(provision(Template.load(), emulator.url))
        from artifact_api import read, telemetry, wiring, write  # noqa: PLC0415 - they read the environment

        telemetry.logger.setLevel("ERROR")
        recording = Recording()
        for service, client in (("dynamodb", wiring.dynamodb()), ("s3", wiring.store()._ports.objects._client)):  # type: ignore[attr-defined]  # noqa: SLF001 - the very client whose calls are compared
            recording.watch(service, client)

        def save(filename: str, *, key: str | None) -> None:
            answered(write.handler, save_event(filename, key=key), 201)

        def load() -> None:
            answered(read.handler, event("load_artifact", "saved-with-a-key"), 200)

        guarded = recording.of(lambda: save("saved-with-a-key", key="first"))
        plain = recording.of(lambda: save("saved-without-key", key=None))
        loaded = recording.of(load)
        rows = [
            measure(
                "save, with Idempotency-Key",
                lambda n: save(f"k{n:015}", key=str(n)),
                bare(guarded, *unique_names(guarded, "saved-with-a-key")),
                rounds,
            ),
            measure(
                "save, without",
                lambda n: save(f"n{n:015}", key=None),
                bare(plain, *unique_names(plain, "saved-without-key")),
                rounds,
            ),
            measure("load latest", lambda _: load(), bare(loaded), rounds),
        ]
    for name, calls in (("save with key", guarded), ("save without", plain), ("load latest", loaded)):
        print(f"{name}: {', '.join(call.method for call in calls)}")
    print("\n| operation | handler ms (p50) | bare calls ms (p50) | ratio |\n|---|---|---|---|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
