"""The answer to a batch: one result for each item, together no longer than a function may answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from artifact_api.batches.wire import RefusedItem
from artifact_api.errors import AnswerTooLarge
from artifact_api.problems import problem_of
from artifact_api.request import Request

__all__ = ["MAX_ANSWER_BYTES", "Result", "fitted", "refused", "too_large"]

Result: TypeAlias = Mapping[str, Any]

MAX_ANSWER_BYTES: Final = 4 * 1024 * 1024
"""Of the answer to a batch. Lambda takes 6 MB, once the answer's text has become a JSON string."""

_REFUSAL_BYTES: Final = 1024
"""More than a refusal of `too_large` takes; so much is kept free for every item that is still to come."""


def refused(error: Exception, request: Request) -> RefusedItem:
    """The result of an item that ended in an error."""
    problem = problem_of(error, request_id=request.id)
    return {"status": problem["status"], "problem": problem}


def too_large(request: Request) -> RefusedItem:
    """The result of an item for which the answer has no room."""
    error = AnswerTooLarge(
        f"the answer to a batch has {MAX_ANSWER_BYTES:,} bytes at most; ask for this one again, with fewer others",
        field="items",
        limit=MAX_ANSWER_BYTES,
    )
    return refused(error, request)


def fitted(choices: Sequence[Sequence[Result]]) -> list[Result]:
    """Takes one result for each item so that the answer is not too long.

    Args:
        choices: For each item its possible results, the best first. The last one is taken if none fits.
    """
    taken: list[Result] = []
    room = MAX_ANSWER_BYTES
    for number, results in enumerate(choices, start=1):
        kept_free = (len(choices) - number) * _REFUSAL_BYTES
        for result in results:
            size = _size(result)
            if size <= room - kept_free or result is results[-1]:
                taken.append(result)
                room -= size
                break
    return taken


def _size(result: Result) -> int:
    """How long a result is inside of a JSON string: quotes and backslashes count twice there."""
    text = json.dumps(result, separators=(",", ":"), allow_nan=False)
    return len(text) + text.count('"') + text.count("\\") + 1
