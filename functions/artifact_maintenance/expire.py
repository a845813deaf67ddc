"""Entry point of the expire function: deletes artifacts whose timers DynamoDB has removed.

DynamoDB removes a timer within days of its time. Until then the artifact is there and cannot be read any more; and
what this function is never told of, or fails at, reconcile deletes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from artifact_maintenance.telemetry import count, failures_logged, instrumented
from artifact_maintenance.wiring import parts
from artifact_store import StorageUnavailable
from artifact_store.maintenance.ledger import parse_key

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

__all__ = ["handler"]

_MARGIN_SECONDS: Final = 15.0


def _handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    expired = 0

    def expire(record: DynamoDBRecord) -> None:
        nonlocal expired
        keys = record.dynamodb.keys if record.dynamodb else {}
        parsed = parse_key((str(keys.get("pk", "")), str(keys.get("sk", ""))))
        if parsed is None or parsed[0] != "timer" or parsed[1] is None:
            return  # the mapping's filter lets nothing else through
        artifact, gen = parsed[1], parsed[2]
        seconds = context.get_remaining_time_in_millis() / 1000 - _MARGIN_SECONDS
        with failures_logged("not expired"):
            if not parts().store.expire(artifact, gen, timeout=seconds):
                # The record comes back, and the purge goes on.
                raise StorageUnavailable("time was not enough")
        expired += 1

    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    answer = dict(process_partial_response(event=event, record_handler=expire, processor=processor, context=context))
    count({"Expired": expired})
    return answer


handler = instrumented(_handle)
