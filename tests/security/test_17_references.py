"""References lead in circles, to other sessions or to other users, also when another program has written them.

The client follows them, as ADK has it; the API keeps them as text. So a server with a token for all of its users is
the one that must not follow a reference of one of them to another.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from google.adk.errors.input_validation_error import InputValidationError

from artifact_store import ArtifactId, Content, Part
from google_adk_aws import HttpArtifactService
from google_adk_aws._adk import service as adk_service
from google_adk_aws._adk.references import Caller, Reference, _split
from tests.contract.calls import call
from tests.faults.interposed import World
from tests.security.callers import deployed, token
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")


def _resolved_anywhere(uri: str, *, caller: Caller) -> Reference:
    app, user, session, filename, version = _split(uri)
    artifact = ArtifactId.of(app=app, user=user, session=session, filename=filename)
    return Reference(artifact=artifact, version=version, caller=Caller(app=app, user=user, session=session))


REFERENCES_STAY = Defence(
    17, "a reference leads to the same session or user", ((adk_service, "resolve", _resolved_anywhere),)
)
REFERENCES_END = Defence(17, "five references are followed", ((adk_service, "MAX_HOPS", 40),))

SERVER = token("agent", scope="artifact:admin")


class InProcess(httpx.AsyncBaseTransport):
    """The handlers, asked by a server that acts for all of its users."""

    def __init__(self) -> None:
        self.loads = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.loads += request.method == "GET"
        path, body = request.url.raw_path.decode().partition("?")[0], await request.aread()
        headers = dict(request.headers)
        answer = await asyncio.to_thread(
            call, request.method, path, body=body or None, headers=headers, authorizer=SERVER
        )
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body)


def written(world: World, *, user: str, session: str | None, filename: str, text: str, kind: Any = "file") -> None:
    """Saves below the API, as another program would."""
    artifact = ArtifactId.of(app="app", user=user, session=session, filename=filename)
    part = Part(kind=kind, mime_type="text/plain")
    world.store().save(artifact, Content(body=text.encode(), part=part), caller="other", idempotency_key=text)


async def load(filename: str) -> tuple[str | None, int]:
    """What Eve's session s loads, None when it is refused, and after how many requests."""
    transport = InProcess()
    async with httpx.AsyncClient(transport=transport) as http:
        service = HttpArtifactService("https://api.example", auth="t", http_client=http)
        try:
            part = await service.load_artifact(app_name="app", user_id="eve", session_id="s", filename=filename)
        except InputValidationError:
            return None, transport.loads
    assert part is not None
    return part.text, transport.loads


ELSEWHERE = {
    "another user's session": "artifact://apps/app/users/ada/sessions/s/artifacts/doc/versions/0",
    "another user's own": "artifact://apps/app/users/ada/artifacts/doc/versions/0",
    "another session": "artifact://apps/app/users/eve/sessions/t/artifacts/doc/versions/0",
}


async def follow(world: World, where: str) -> str | None:
    """What Eve loads by a reference that was written behind the API's back."""
    for user, session in (("ada", "s"), ("ada", None), ("eve", "t")):
        written(world, user=user, session=session, filename="doc", text="another's", kind="text")
    written(world, user="eve", session="s", filename="a", text=ELSEWHERE[where])
    with deployed("JWT"):
        return (await load("a"))[0]


@pytest.mark.parametrize("where", ELSEWHERE)
async def test_a_reference_to_someone_else_is_refused(where: str, world: World) -> None:
    assert await follow(world, where) is None


@pytest.mark.parametrize("where", ELSEWHERE)
async def test_a_reference_to_someone_else_is_followed_without_the_rule(where: str, world: World) -> None:
    with REFERENCES_STAY.taken_out():
        assert await follow(world, where) == "another's"


async def go_in_circles(world: World) -> int:
    """How many requests a circle of two references costs."""
    for here, there in ("ab", "ba"):
        uri = f"artifact://apps/app/users/eve/sessions/s/artifacts/{there}/versions/0"
        written(world, user="eve", session="s", filename=here, text=uri)
    with deployed("JWT"):
        text, loads = await load("a")
    assert text is None
    return loads


async def test_a_circle_ends(world: World) -> None:
    assert await go_in_circles(world) == 6


async def test_a_circle_goes_on_without_the_depth(world: World) -> None:
    with REFERENCES_END.taken_out():
        assert await go_in_circles(world) == 41


async def test_a_reference_to_someone_else_is_not_even_saved(world: World) -> None:
    with deployed("JWT"):
        async with httpx.AsyncClient(transport=InProcess()) as http:
            service = HttpArtifactService("https://api.example", auth="t", http_client=http)
            for uri in ELSEWHERE.values():
                with pytest.raises(InputValidationError):
                    await service.save_artifact(
                        app_name="app",
                        user_id="eve",
                        session_id="s",
                        filename="a",
                        artifact={"file_data": {"file_uri": uri}},
                    )
    assert world.objects.refs() == []
