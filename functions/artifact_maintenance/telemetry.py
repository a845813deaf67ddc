"""Logs, metrics and traces of the maintenance functions.

Keys of objects are logged where bucket and index differ: a person has to find them. Contents, tokens and
events never are, and exceptions are logged without their texts: those of the AWS SDK can quote parameters.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from artifact_maintenance.wiring import parts
from artifact_traces import Handler, traced

__all__ = ["Handler", "count", "failures_logged", "instrumented", "logger"]

logger: Final = Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", "artifact-api"))


def count(counts: Mapping[str, int], **dimensions: str) -> None:
    """Writes metrics to the log (CloudWatch's embedded format), zeros too."""
    metrics = EphemeralMetrics(namespace=parts().settings.metrics_namespace)
    for name, value in dimensions.items():
        metrics.add_dimension(name=name, value=value)
    for name, number in counts.items():
        metrics.add_metric(name=name, unit=MetricUnit.Count, value=number)
    metrics.flush_metrics()


@contextmanager
def failures_logged(what: str) -> Iterator[None]:
    """Logs by class and place what is raised inside."""
    try:
        yield
    except Exception as error:
        _log(what, error)
        raise


def _log(what: str, error: Exception) -> None:
    stack = [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    logger.error(what, extra={"error": type(error).__name__, "stack": stack})


def instrumented(handler: Handler) -> Handler:
    """Gives a handler the log's context, and X-Ray tracing when TRACING is on."""
    decorated: Handler = logger.inject_lambda_context(handler, log_event=False)
    return traced(decorated)
