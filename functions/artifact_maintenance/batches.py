"""Batches of queue messages: each one succeeds or comes back by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from artifact_maintenance.telemetry import failures_logged

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

__all__ = ["answer_batch"]


def answer_batch(event: dict[str, Any], context: Any, *, do: Callable[[str], None], what: str) -> dict[str, Any]:
    """Does something with every message's text; the answer names those that failed.

    Args:
        event: A batch of SQS.
        context: Lambda's.
        do: What to do; a message for which it raises is delivered again, and at last set aside.
        what: What a failure is called in the log.
    """

    def do_one(record: SQSRecord) -> None:
        with failures_logged(what):
            do(record.body)

    processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event=event, record_handler=do_one, processor=processor, context=context))
