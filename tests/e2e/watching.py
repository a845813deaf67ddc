"""What CloudWatch would see of a deployed stack: its alarms, and the values of the metrics that they watch.

The emulator measures Lambda's metrics itself. What a queue's metrics would say is read from the queue, and what a
function writes in the embedded metric format from its log, as CloudWatch does. API Gateway's metrics it has not.
"""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.stacks import Stack

_BREACHES: Final = {"GreaterThanThreshold": float.__gt__, "LessThanThreshold": float.__lt__}


class Alarm:
    """An alarm as it was deployed."""

    def __init__(self, stack: Stack, logical_id: str) -> None:
        self._stack = stack
        name = stack.resource(logical_id)
        (self._alarm,) = stack.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        (dimension,) = self._alarm["Dimensions"]
        self.dimension: Final[tuple[str, str]] = (dimension["Name"], dimension["Value"])
        self.metric: Final[tuple[str, str]] = (self._alarm["Namespace"], self._alarm["MetricName"])

    def rings_at(self, value: float) -> bool:
        """Whether a value is beyond its threshold."""
        return _BREACHES[self._alarm["ComparisonOperator"]](float(value), float(self._alarm["Threshold"]))

    def waiting(self) -> int:
        """How many messages are to be seen in the queue that it names."""
        assert (self.metric[0], self.dimension[0]) == ("AWS/SQS", "QueueName")
        name = "ApproximateNumberOfMessages"
        answer = self._stack.cloud.client("sqs").get_queue_attributes(QueueUrl=self._queue(), AttributeNames=[name])
        return int(answer["Attributes"][name])

    def age(self) -> float:
        """For how many seconds the oldest message has been in that queue. Not often: looking counts as delivering."""
        found = self._stack.cloud.client("sqs").receive_message(
            QueueUrl=self._queue(), MaxNumberOfMessages=10, VisibilityTimeout=0, AttributeNames=["SentTimestamp"]
        )
        return time.time() - min(float(message["Attributes"]["SentTimestamp"]) / 1000 for message in found["Messages"])

    def sum_of_lambda(self) -> float:
        """What Lambda has counted of late."""
        assert self.metric[0] == "AWS/Lambda"
        now = dt.datetime.now(dt.UTC)
        points = self._stack.cloud.client("cloudwatch").get_metric_statistics(
            Namespace=self.metric[0],
            MetricName=self.metric[1],
            Dimensions=self._alarm["Dimensions"],
            StartTime=now - dt.timedelta(minutes=5),
            EndTime=now + dt.timedelta(minutes=1),
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return float(sum(point["Sum"] for point in points))

    def latest(self, function: str) -> float | None:
        """The last value that a function has written into its log with exactly the alarm's dimension."""
        values = sorted(self._written(function))
        return values[-1][1] if values else None

    def _written(self, function: str) -> Iterator[tuple[int, float]]:
        group = f"/aws/lambda/{self._stack.name}/{function}"
        pages = self._stack.cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in (event for page in pages for event in page["events"]):
            line = _parsed(event["message"])
            for block in line.get("_aws", {}).get("CloudWatchMetrics", []):
                named = {metric["Name"] for metric in block["Metrics"]}
                if (block["Namespace"], [self.dimension[0]]) != (self.metric[0], *block["Dimensions"]):
                    continue
                if self.metric[1] in named and line[self.dimension[0]] == self.dimension[1]:
                    yield line["_aws"]["Timestamp"], max(line[self.metric[1]])

    def _queue(self) -> str:
        url: str = self._stack.cloud.client("sqs").get_queue_url(QueueName=self.dimension[1])["QueueUrl"]
        return url


def _parsed(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
