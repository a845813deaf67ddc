"""Runs the emulator with what it lacks of SQS: moving dead letters back to where they are from.

The emulator's own Python runs this file, so it imports nothing of ours. As at AWS, a moved message is a new one to its
queue, and one that never was in another queue cannot be moved.
"""

import importlib
import runpy
import time
import uuid
from pathlib import Path
from typing import Any

_EMULATOR = Path(__file__).resolve().parents[2] / "local" / "emulator_process.py"
_sqs: Any = importlib.import_module("ministack.services.sqs")


def _start_message_move_task(request: dict[str, Any], _url: str) -> dict[str, str]:
    letters = _sqs._queue_by_arn(request["SourceArn"])
    if letters is None:
        raise _sqs._Err("ResourceNotFoundException", "The resource that you specified for SourceArn does not exist.")
    with _sqs._queues_lock:
        kept = []
        for message in letters["messages"]:
            home = _sqs._queue_by_arn(message.get("sys", {}).get("DeadLetterQueueSourceArn", ""))
            if home is None:
                kept.append(message)
                continue
            now = time.time()
            new = {"id": str(uuid.uuid4()), "visible_at": now, "enqueued_at": now, "receive_count": 0}
            home["messages"].append({**message, **new, "receipt_handle": None, "first_receive_at": None, "sys": {}})
        letters["messages"] = kept
    _sqs.esm_wake.set()
    return {"TaskHandle": str(uuid.uuid4())}


if __name__ == "__main__":
    _sqs._HANDLERS["StartMessageMoveTask"] = _start_message_move_task
    runpy.run_path(str(_EMULATOR), run_name="__main__")
