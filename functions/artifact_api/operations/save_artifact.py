"""POST …/artifacts/{filename}: saves content as the artifact's next version."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from artifact_api import wiring
from artifact_api.content import asked_ttl, idempotency_key, read_content
from artifact_api.idempotency import SaveAnswer
from artifact_api.preconditions import asked_precondition
from artifact_api.request import Request
from artifact_api.responses import saved_response
from artifact_api.telemetry import Measurements
from artifact_api.wire import version_metadata
from artifact_store import Content

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Response

__all__ = ["save_artifact"]


def save_artifact(request: Request, measurements: Measurements) -> Response[str]:
    """Saves the body, once per idempotency key."""
    artifact = request.artifact
    ttl_seconds = wiring.settings().retention.ttl_seconds(artifact.scope.app, asked_ttl(request))
    content = read_content(request, ttl_seconds=ttl_seconds)
    only_if, skip_unchanged = asked_precondition(request), request.skips_unchanged
    sent_key = idempotency_key(request)
    key = sent_key or str(uuid4())

    def save() -> SaveAnswer:
        store = wiring.store()
        saved = store.save(
            artifact,
            content,
            caller=request.caller.id,
            idempotency_key=key,
            only_if=only_if,
            skip_unchanged=skip_unchanged,
            timeout=request.seconds_left,
        )
        measurements.count_contention(saved.lost)
        metadata = version_metadata(saved.version, asked=request.scope, store=store)
        return {"metadata": metadata, "replayed": saved.replayed, "unchanged": saved.unchanged}

    if sent_key is None:
        # Nobody knows the key before the answer, so nobody can repeat the request before it.
        answer = save()
    else:
        answer, guarded = wiring.fast_path().run(
            save,
            identity={
                "caller": request.caller.id,
                # That nothing was saved is no answer to a save that is to save in any case.
                "route": request.route.name + ("?unchanged=skip" if skip_unchanged else ""),
                "artifact": artifact.key_prefix,
                "key": key,
            },
            fingerprint=content.fingerprint,
            context=request.context,
        )
        if not guarded:
            measurements.count("IdempotencyTableUnavailable")
    _count(answer, content, measurements)
    return saved_response(
        answer["metadata"],
        base_path=request.base_path,
        replayed=answer["replayed"],
        unchanged=answer["unchanged"],
        idempotency_key=key,
    )


def _count(answer: SaveAnswer, content: Content, measurements: Measurements) -> None:
    if answer["unchanged"]:
        measurements.count("Unchanged")
    elif answer["replayed"]:
        measurements.count("Replays")
    else:
        measurements.count("Saves")
        measurements.count_bytes("BytesSaved", content.size)
