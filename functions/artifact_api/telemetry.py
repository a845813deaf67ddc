"""Logger and metrics of Powertools, made so that requests in several threads do not mix.

Nothing that a caller sent is logged: no events, bodies, headers, names, tokens or cursors. Exceptions are
logged by class and place, without their texts: those of the AWS SDK can quote parameters, content included.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from typing import Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit
from botocore.exceptions import ClientError

__all__ = ["Measurements", "causes_of", "logger", "stack_of"]

_UNKNOWN: Final = "unknown"

logger: Final = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "artifact-api"))


class Measurements:
    """The metrics of one request at a time; written to the log at its end (CloudWatch's embedded format).

    The dimensions are the service and the operation, and both with the app where the deployment tells apps apart.

    Attributes:
        operation: What the request asked for, once that is known.
        app: The app as a dimension, once that is known: one of few, whatever callers ask for.
    """

    def __init__(self, *, namespace: str) -> None:
        self.operation: str = _UNKNOWN
        self.app: str | None = None
        # Powertools' usual Metrics shares what it holds between all threads.
        self._metrics = EphemeralMetrics(namespace=namespace)

    def count(self, name: str, times: int = 1) -> None:
        """Counts an event, or as many as there were of a kind."""
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=times)

    def count_contention(self, lost: int) -> None:
        """Counts version numbers that saves had to try anew since other saves took them, if there were any."""
        if lost:
            self.count("ContentionRetries", lost)

    def count_bytes(self, name: str, size: int) -> None:
        """Adds bytes that were moved."""
        self._metrics.add_metric(name=name, unit=MetricUnit.Bytes, value=size)

    def flush(self) -> None:
        """Writes what was measured, if anything was, and starts over."""
        if self._metrics.metric_set:
            self._metrics.add_dimension(name="operation", value=self.operation)
            if self.app is not None:
                self._metrics.add_dimensions(service=self._metrics.service, operation=self.operation, app=self.app)
            self._metrics.flush_metrics()
        self._metrics.clear_metrics()
        self.operation, self.app = _UNKNOWN, None


def causes_of(error: BaseException) -> str:
    """The classes of an error and its causes, and what AWS called it."""
    return " from ".join(_named(cause) for cause in _chain(error))


def stack_of(error: BaseException) -> list[str]:
    """Where an error and its causes were raised, innermost last."""
    return [
        f"{frame.filename}:{frame.lineno} in {frame.name}"
        for cause in _chain(error)
        for frame in traceback.extract_tb(cause.__traceback__)
    ]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _named(error: BaseException) -> str:
    name = type(error).__name__
    if isinstance(error, ClientError):
        return f"{name}({error.operation_name}: {error.response.get('Error', {}).get('Code')})"
    return name
