"""What a batch is asked and what it gives: many artifacts of one scope, a result for each."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar

from google_adk_aws import _facts
from google_adk_aws._errors import ArtifactError
from google_adk_aws._problems import error_of_problem
from google_adk_aws._saving import Description
from google_adk_aws._wire import ContentInfo, StoredContent, VersionMetadata

__all__ = [
    "BatchProgress",
    "BatchProgressCallback",
    "BatchResult",
    "NewArtifact",
    "UserDeletion",
    "groups_of",
    "read_loaded",
    "read_result",
]

Value = TypeVar("Value")
Item = TypeVar("Item")

MAX_ITEMS: Final = 100
"""Of one request."""

MAX_REQUEST_BYTES: Final = 3 * 1024 * 1024
"""Of the items of one request, as they are sent; the API takes 4 MiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewArtifact:
    """One artifact to save.

    Attributes:
        filename: As ADK writes it: `user:` in front means the user's scope.
        content: Its bytes; any size.
        mime_type: Its type.
        display_name: A name for people.
        kind: `bytes`, `text` (UTF-8) or `file` (the content is a URI).
        custom_metadata: A JSON object of at most 64 KB.
        idempotency_key: Saves with one key and one content are one version. By default a new one.
    """

    filename: str
    content: bytes = field(repr=False)
    mime_type: str | None = None
    display_name: str | None = None
    kind: str = "bytes"
    custom_metadata: Mapping[str, Any] | None = None
    idempotency_key: str = field(default_factory=lambda: uuid.uuid4().hex)

    def to_json(self) -> dict[str, Any]:
        """As an item of a request; checked."""
        description = Description.of(
            mime_type=self.mime_type,
            display_name=self.display_name,
            kind=self.kind,
            custom_metadata=self.custom_metadata,
        )
        return {
            "filename": self.filename,
            "content": base64.b64encode(self.content).decode(),
            "idempotencyKey": self.idempotency_key,
            **description.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchResult(Generic[Value]):
    """What became of one item.

    Attributes:
        filename: Which.
        value: What it gave; None if it failed.
        error: Why it failed; None if it did not.
    """

    filename: str
    value: Value | None = None
    error: ArtifactError | None = None

    def get(self) -> Value:
        """The value.

        Raises:
            ArtifactError: The item failed.
        """
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # one of the two is there


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a batch is.

    Attributes:
        done_items: Items that have a result.
        total_items: All items.
    """

    done_items: int
    total_items: int


BatchProgressCallback: TypeAlias = Callable[[BatchProgress], Awaitable[Any] | Any]
"""Called on the event loop; an asynchronous one is awaited."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDeletion:
    """How far the deletion of everything of a user is.

    Attributes:
        job_id: Which job.
        status: `running`, `done` or `failed`.
        sessions: Sessions that were deleted so far.
        artifacts: Artifacts that were deleted so far.
    """

    job_id: str
    status: str
    sessions: int
    artifacts: int

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> UserDeletion:
        """Reads the API's answer."""
        return cls(
            job_id=_facts.text(facts, "jobId"),
            status=_facts.text(facts, "status"),
            sessions=_facts.number(facts, "sessions"),
            artifacts=_facts.number(facts, "artifacts"),
        )


def groups_of(items: Sequence[Item], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Places of the items that go into one request each: at most 100, and no more than it takes."""
    group: list[int] = []
    room = MAX_REQUEST_BYTES
    for place in range(len(items)):
        if group and (len(group) == MAX_ITEMS or sizes[place] > room):
            yield group
            group, room = [], MAX_REQUEST_BYTES
        group.append(place)
        room -= sizes[place]
    if group:
        yield group


def read_result(value: object) -> tuple[Mapping[str, Any], ArtifactError | None]:
    """One result of an answer, and the error that it is, if it is one."""
    facts = _facts.mapping(value, "result")
    if "problem" not in facts:
        return facts, None
    problem = _facts.mapping(facts["problem"], "problem")
    return facts, error_of_problem(problem, status=_facts.number(facts, "status"))


def read_loaded(facts: Mapping[str, Any]) -> StoredContent | None:
    """The content of a result; None when it is to be had elsewhere."""
    if "content" not in facts:
        return None
    try:
        body = base64.b64decode(_facts.text(facts, "content"), validate=True)
    except ValueError:
        raise _facts.unexpected("content") from None
    return StoredContent.joined(ContentInfo.of_version(VersionMetadata.of(facts.get("version"))), body)
