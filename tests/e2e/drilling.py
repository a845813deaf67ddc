"""Where the runbook is drilled, and by what a deployed stack is broken."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from typing import TYPE_CHECKING, Final

from artifact_store import ArtifactId
from tests.e2e.handling import path_of
from tests.e2e.watching import Alarm

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.e2e.stacks import Stack
    from tests.e2e.terminal import Terminal

QUEUES: Final = ("Heal", "Purge", "Erase")
NO_TABLE: Final = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}]}
)


@dataclasses.dataclass
class Section:
    """The commands of one section; each is to be run, in their order."""

    terminal: Terminal
    left: list[str]

    def run(self, written: Mapping[str, str] | None = None, *, statuses: tuple[int, ...] = ()) -> str:
        """Runs the next block, with other words for those that the page writes in capitals."""
        block = self.left.pop(0)
        for word, meant in (written or {}).items():
            assert word in block
            block = block.replace(word, meant)
        return self.terminal.run(block, statuses=statuses)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where it is drilled."""

    stack: Stack
    terminal: Terminal

    def status(self, artifact: ArtifactId) -> int:
        """What a load of it is answered."""
        return self.stack.call("GET", path_of(artifact)).status

    def objects(self, artifact: ArtifactId) -> list[str]:
        """The keys of its versions in the bucket."""
        listed = self.stack.cloud.client("s3").list_object_versions(
            Bucket=self.stack.outputs["BucketName"], Prefix=f"{artifact.key_prefix}/"
        )
        return [version["Key"] for version in listed.get("Versions", [])]


@contextlib.contextmanager
def outage(stack: Stack, *roles: str) -> Iterator[None]:
    """For as long, these roles cannot reach the table."""
    iam = stack.cloud.client("iam")
    names = [stack.resource(role) for role in roles]
    for name in names:
        iam.put_role_policy(RoleName=name, PolicyName="outage", PolicyDocument=NO_TABLE)
    try:
        yield
    finally:
        for name in names:
            iam.delete_role_policy(RoleName=name, PolicyName="outage")


def has_died(stack: Stack, queue: str) -> bool:
    """Whether there are dead letters of a queue, and as many failures in the log."""
    group = f"/aws/lambda/{stack.name}/{queue.lower()}"
    events = stack.cloud.client("logs").filter_log_events(logGroupName=group)["events"]
    failures = found("\n".join(event["message"] for event in events), level="ERROR")
    return 0 < Alarm(stack, f"{queue}DeadLettersAlarm").waiting() <= len(failures)


def is_busy(stack: Stack) -> bool:
    """Whether a queue has messages; S3's of the deployment itself is held back for a minute and counts for nothing."""
    states = [f"ApproximateNumberOfMessages{state}" for state in ("", "NotVisible")]
    sqs, urls = stack.cloud.client("sqs"), [stack.outputs[f"{queue}QueueUrl"] for queue in QUEUES]
    counted = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=states)["Attributes"] for url in urls]
    return any(int(number) for counts in counted for number in counts.values())


def named(filename: str, *, user: str = "ada", session: str = "s1") -> ArtifactId:
    """An artifact of the drills."""
    return ArtifactId.of(app="reports", user=user, session=session, filename=filename)


def found(said: str, **fields: object) -> list[dict[str, object]]:
    """The log's lines with these fields; the emulator takes every line to fit a filter's pattern."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [line for line in lines if all(line.get(name) == value for name, value in fields.items())]
