"""Traces of the functions: who was called, for how long, with which outcome. Never about which artifact.

X-Ray's SDK by itself writes down what it is told of: a call's key in S3, which is app, user, session and filename, and
the text of every error, in which AWS quotes it. Both end in `artifact_traces.reticence`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeAlias

__all__ = ["Handler", "traced"]

Handler: TypeAlias = Callable[[dict[str, Any], Any], dict[str, Any]]

# Whatever else is installed is not called by the functions; HTTP below botocore would trace every call twice.
_TRACED: Final = ("botocore",)


def traced(handler: Handler) -> Handler:
    """Adds X-Ray tracing to a handler when TRACING is on; else X-Ray's SDK is not even imported."""
    if os.environ.get("TRACING", "off") != "on":
        return handler
    from aws_lambda_powertools.tracing import Tracer  # noqa: PLC0415 - a cold start pays for it only when it is on

    from artifact_traces.reticence import keep_to_outcomes  # noqa: PLC0415

    keep_to_outcomes()
    tracer = Tracer(patch_modules=_TRACED)
    decorated: Handler = tracer.capture_lambda_handler(handler, capture_response=False, capture_error=False)
    return decorated
