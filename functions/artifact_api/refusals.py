"""What metrics and log get to know of errors: of each its code, of faults also where they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from artifact_api.problems import INTERNAL_ERROR, code_of
from artifact_api.telemetry import Measurements, causes_of, logger, stack_of
from artifact_store import Unavailable

__all__ = ["note_refusals"]


def note_refusals(errors: Iterable[Exception], measurements: Measurements) -> None:
    """Counts what a request, or items of it, ended in, and logs once each what is not the client's fault."""
    noted = Counter(errors)
    codes: Counter[str] = Counter()
    for error, times in noted.items():
        code = code_of(error)
        codes[code] += times
        if code == INTERNAL_ERROR:
            logger.error("request failed", extra={"causes": causes_of(error), "stack": stack_of(error)})
        elif isinstance(error, Unavailable):
            logger.warning("storage not available", extra={"causes": causes_of(error), "code": code})
    for code, times in codes.items():
        measurements.count(f"Problem.{code}", times)
