"""Cold start: the first request to the built read function ÷ the same to a function of bare boto3 calls.

    make cold-start

Both run under Lambda's runtime client with the built layers and nothing of this machine, in turn, a new
process each time. The request loads an artifact: GetItem, GetObject. Prints what is deployed, too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from local.built import Runtime
from local.emulator import Emulator
from local.provision import aws_client, provision
from local.template import ROOT, Template

BARE = Path(__file__).parent / "baseline" / "bare_load.py"


def sample(name: str) -> dict[str, object]:
    event: dict[str, object] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


class Bench:
    """Starts functions and sends each one request."""

    def __init__(self, runtime: Runtime, values: Mapping[str, str], scratch: Path) -> None:
        self._runtime = runtime
        self._template = Template.load()
        self._values = values
        self._log = scratch / "function.log"

    def first_request(self, name: str, event: str, *, tracing: bool = False, bare: bool = False) -> float:
        """Milliseconds from the first event to its answer."""
        values = {**self._values, "TRACING": "on" if tracing else "off"}
        function = self._runtime.start(self._template, name, values, log=self._log, instead=BARE if bare else None)
        try:
            started = time.perf_counter()
            answer = function.invoke(sample(event))
            milliseconds = (time.perf_counter() - started) * 1000
        finally:
            function.stop()
        if answer.get("statusCode") not in {200, 201}:
            raise SystemExit(f"unexpected answer: {answer}\n{function.log}")
        return milliseconds


def facts_for_bare(environment: Mapping[str, str]) -> dict[str, str]:
    """Where the sample artifact's head and object are."""
    table = aws_client("dynamodb", environment["AWS_ENDPOINT_URL"])
    heads = [
        item
        for item in table.scan(TableName=environment["INDEX_TABLE_NAME"])["Items"]
        if item["sk"]["S"].startswith("h#")
    ]
    (head,) = heads
    partition, sort = head["pk"]["S"], head["sk"]["S"]
    key = f"{partition.removeprefix('s:')}/{sort.removeprefix('h#')}/{int(head['next']['N']) - 1}"
    return {"BARE_PARTITION": partition, "BARE_SORT": sort, "BARE_KEY": key}


def print_sizes(runtime: Runtime) -> None:
    print("| deployed | MB | packages |\n|---|---|---|")
    for folder in (runtime.build_dir / "ReadFunction", *runtime.layers):
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6
        packages = sorted(entry.name for entry in folder.iterdir() if entry.is_dir() and "." not in entry.name)
        forbidden = {"google", "moto", "pytest", "tests"} & set(packages)
        if forbidden:
            raise SystemExit(f"{folder} must not hold {forbidden}")
        print(f"| {folder.relative_to(runtime.build_dir)} | {size:.1f} | {', '.join(packages)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    Runtime.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=10, help="cold starts of each kind")
    arguments = parser.parse_args()
    runtime = Runtime.of(arguments)
    with Emulator() as emulator, TemporaryDirectory() as scratch:
        environment = provision(Template.load(), emulator.url)
        bench = Bench(runtime, environment, Path(scratch))
        bench.first_request("WriteFunction", "save_artifact")
        bench = Bench(runtime, environment | facts_for_bare(environment), Path(scratch))
        rounds = [
            (
                bench.first_request("ReadFunction", "load_artifact", bare=True),
                bench.first_request("ReadFunction", "load_artifact"),
                bench.first_request("ReadFunction", "load_artifact", tracing=True),
            )
            for _ in range(arguments.rounds + 1)
        ][1:]
    print_sizes(runtime)
    print("\n| first request | ms (p50) | ÷ bare in the same round (p50) |\n|---|---|---|")
    for place, name in enumerate(("bare boto3 calls", "read function", "read function, traced")):
        value = statistics.median(times[place] for times in rounds)
        ratio = statistics.median(times[place] / times[0] for times in rounds)
        print(f"| {name} | {value:.0f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
