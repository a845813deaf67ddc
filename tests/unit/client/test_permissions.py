"""What a service may not do is refused before anybody is asked, by both services and by what is below them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Any, Final

import httpx
import pytest
from google.genai import types

from artifact_store import ArtifactId, Scope
from artifact_store.adapters.memory import open_store
from google_adk_aws import (
    ArtifactClient,
    ArtifactForbiddenError,
    HttpArtifactService,
    NewArtifact,
    S3ArtifactService,
    S3PermissionError,
    UploadHandle,
)
from google_adk_aws._direct.client import DirectClient
from google_adk_aws.testing import InMemoryArtifactService
from tests.direct_services import in_memory

pytestmark = pytest.mark.unit

OWNER: Final[dict[str, Any]] = {"app_name": "app", "user_id": "ada", "session_id": "s"}
SESSION: Final = Scope("app", "ada", "s")
USER: Final = Scope("app", "ada")
DOC: Final = ArtifactId(SESSION, "doc")
USERS_DOC: Final = ArtifactId(USER, "doc")
HELLO: Final = types.Part.from_text(text="hello")
HANDLE: Final = UploadHandle(artifact=DOC, id="u", size=1)


class Asked(Exception):
    """Somebody was asked."""


class Nobody(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise Asked(request.url.path)


async def all_of(found: AsyncIterator[Any]) -> list[Any]:
    return [one async for one in found]


# Each public call of the clients: the permission that it lacks, and how it is called.
CALLS: Final[dict[str, tuple[str, Callable[[Any], Awaitable[Any]]]]] = {
    "save": ("write", lambda client: client.save(DOC, b"x")),
    "upload_file": ("write", lambda client: client.upload_file(DOC, b"x")),
    "load": ("read", lambda client: client.load(DOC)),
    "download_file": ("read", lambda client: client.download_file(DOC, "nowhere")),
    "iter_content": ("read", lambda client: all_of(client.iter_content(DOC))),
    "describe": ("read", lambda client: client.describe(DOC)),
    "delete": ("delete", lambda client: client.delete(DOC)),
    "artifacts": ("list", lambda client: all_of(client.artifacts(SESSION))),
    "filenames": ("list", lambda client: all_of(client.filenames(SESSION))),
    "versions": ("list", lambda client: all_of(client.versions(DOC))),
    "create_download_url": ("read", lambda client: client.create_download_url(DOC)),
    "create_upload_url": ("write", lambda client: client.create_upload_url(DOC, size=1)),
    "finalize_upload": ("write", lambda client: client.finalize_upload(HANDLE)),
    "abort_upload": ("write", lambda client: client.abort_upload(HANDLE)),
    "delete_session": ("delete", lambda client: client.delete_session(SESSION)),
    "sweep": ("delete", lambda client: client.sweep(SESSION)),
}
BATCHES: Final[dict[str, tuple[str, Callable[[Any], Awaitable[Any]]]]] = {
    "save_artifacts": ("write", lambda c: c.save_artifacts(SESSION, [NewArtifact(filename="doc", content=b"x")])),
    "load_artifacts": ("read", lambda c: c.load_artifacts(SESSION, ["doc"])),
    "describe_artifacts": ("read", lambda c: c.describe_artifacts(SESSION, ["doc"])),
    "delete_artifacts": ("delete", lambda c: c.delete_artifacts(SESSION, ["doc"])),
    "list_artifacts": ("list", lambda c: c.list_artifacts([SESSION])),
}
OTHERS: Final = {"aclose", "base_url", "delete_user", "resilience_snapshot", "sweep_blobs"}
ACTIONS: Final = ("read", "write", "delete", "list")


def public(client: type) -> set[str]:
    return {name for name, _ in inspect.getmembers(client) if not name.startswith("_")}


def test_every_call_is_here() -> None:
    assert CALLS.keys() | BATCHES.keys() | OTHERS == public(ArtifactClient) | public(DirectClient)


def everything_but(action: str) -> list[str]:
    """Reading is a way to list, so without `list` there is no `read` either."""
    lacking = {"read", "list"} if action == "list" else {action}
    return [*(f"artifact:{one}" for one in ACTIONS if one not in lacking), f"artifact:{action}:user"]


def services(permissions: Iterable[str] | None) -> Iterator[HttpArtifactService | S3ArtifactService]:
    yield HttpArtifactService(
        "https://api.example",
        auth="t",
        http_client=httpx.AsyncClient(transport=Nobody()),
        permissions=permissions,
    )
    nothing: Any = object()
    yield in_memory(nothing, permissions=permissions)


@pytest.mark.parametrize("call", CALLS)
async def test_what_is_not_allowed_asks_nobody(call: str) -> None:
    action, do = CALLS[call]
    for service in services(everything_but(action)):
        if not hasattr(service.client, call):
            continue
        with pytest.raises(S3PermissionError, match=f"lacks the permission artifact:{action}:session") as caught:
            await do(service.client)
        assert caught.value.error_code == "permission_missing"
        assert caught.value.details["permission"] == f"artifact:{action}:session"
        assert caught.value.status is None


@pytest.mark.parametrize("call", BATCHES)
async def test_of_a_batch_each_item_is_refused(call: str) -> None:
    action, do = BATCHES[call]
    for service in services(everything_but(action)):
        if not hasattr(service.client, call):
            continue
        (result,) = await do(service.client)
        assert isinstance(result.error, ArtifactForbiddenError)


@pytest.mark.parametrize("call", CALLS)
async def test_what_is_allowed_is_done(call: str) -> None:
    action, do = CALLS[call]
    service, straight = services([f"artifact:{action}:session"])
    if hasattr(service.client, call):
        with pytest.raises(Asked):
            await do(service.client)
    else:
        with pytest.raises(AttributeError, match="'object' object has no attribute"):
            await do(straight.client)


@pytest.mark.parametrize("permissions", [["artifact:delete:session"], ["artifact:delete:user"], ["artifact:write"]])
async def test_deleting_a_user_needs_both_kinds(permissions: list[str]) -> None:
    service = next(services(permissions))
    assert isinstance(service, HttpArtifactService)
    with pytest.raises(S3PermissionError):
        await service.client.delete_user("app", "ada")
    with pytest.raises(Asked):
        await next(services(["artifact:delete"])).client.delete_user("app", "ada")  # type: ignore[union-attr]


async def test_an_agent_that_may_only_read() -> None:
    store = open_store()
    everything = in_memory(store)
    await everything.save_artifact(**OWNER, filename="doc", artifact=HELLO)
    service = in_memory(store, permissions={"artifact:read"})
    assert await service.load_artifact(**OWNER, filename="doc") == HELLO
    assert await service.list_versions(**OWNER, filename="doc") == [0]
    with pytest.raises(S3PermissionError):
        await service.save_artifact(**OWNER, filename="doc", artifact=HELLO)
    with pytest.raises(S3PermissionError):
        await service.delete_artifact(**OWNER, filename="doc")
    assert await everything.list_versions(**OWNER, filename="doc") == [0]


async def test_a_session_without_its_user() -> None:
    service = InMemoryArtifactService()
    for filename in ("doc", "user:doc"):
        await service.save_artifact(**OWNER, filename=filename, artifact=HELLO)
    assert await service.list_artifact_keys(**OWNER) == ["doc", "user:doc"]

    store = service.client._run._store  # type: ignore[attr-defined]
    bound = in_memory(store, permissions="artifact:*:session")
    assert await bound.list_artifact_keys(**OWNER) == ["doc"]
    with pytest.raises(S3PermissionError, match="of a user"):
        await bound.load_artifact(**OWNER, filename="user:doc")
    results = await bound.client.load_artifacts(SESSION, ["doc", "user:doc"])
    assert [result.error is None for result in results] == [True, False]
    with pytest.raises(S3PermissionError):
        await all_of(bound.client.artifacts(USER))


async def test_the_service_for_tests_has_permissions_too() -> None:
    service = InMemoryArtifactService(permissions=["artifact:read"])
    with pytest.raises(S3PermissionError):
        await service.save_artifact(**OWNER, filename="doc", artifact=HELLO)


@pytest.mark.parametrize("word", ["artifact:reed", "read", "artifact:read:everyone", "artifact:admin"])
def test_a_word_that_is_none_is_said(word: str) -> None:
    for make in (
        lambda: next(services([word])),
        lambda: in_memory(open_store(), permissions=["artifact:read", word]),
        lambda: InMemoryArtifactService(permissions=word),
    ):
        with pytest.raises(ValueError, match=f"permissions: '{word}' is none; there are artifact:read"):
            make()
