"""What leaves the process as a trace: outcomes, without names, contents and texts of errors."""

from __future__ import annotations

from typing import Any, Final

from aws_xray_sdk.core import xray_recorder
from aws_xray_sdk.core.emitters.udp_emitter import UDPEmitter

__all__ = ["keep_to_outcomes"]

_TOLD_OF_A_CALL: Final = frozenset(
    {
        "bucket_name",
        "consumed_capacity",
        "id_2",
        "operation",
        "region",
        "request_id",
        "table_name",
    }
)


def keep_to_outcomes() -> None:
    """Makes the recorder of this process send no more than may be told."""
    xray_recorder.configure(emitter=_OutcomesOnly())


class _OutcomesOnly(UDPEmitter):  # type: ignore[misc] # published without types
    """Sends segments without what callers call things. It is the last to see them, whoever recorded what."""

    def send_entity(self, entity: Any) -> None:
        _strip(entity)
        super().send_entity(entity)


def _strip(entity: Any) -> None:
    entity.aws = {name: value for name, value in entity.aws.items() if name in _TOLD_OF_A_CALL}
    # A cause is the id of another entity's where an error was recorded before.
    causes = entity.cause.get("exceptions", ()) if isinstance(entity.cause, dict) else ()
    for cause in causes:
        cause.message = None
    for subsegment in entity.subsegments:
        _strip(subsegment)
