"""A session poses as the user's scope, or the user's scope as a session's file.

The user's artifacts lie where the session `user` would lie, and are called `user:NAME` in a session's list.
"""

from __future__ import annotations

from functools import cached_property

import pytest

from artifact_api import edge
from artifact_api.request import Request
from artifact_store import ArtifactId, Scope
from artifact_store.names import decode
from tests.contract.calls import SESSION, USER, call, save
from tests.faults.interposed import World
from tests.security.callers import deployed, token
from tests.security.defence import Defence

NO_SESSION_IS_THE_USERS = Defence(
    5, "nothing is saved in a session called `user`", ((Scope, "refuse_reserved_session", lambda _: None),)
)
USER_IS_NO_PART_OF_A_NAME = Defence(
    5,
    "a session's file cannot be called `user:…`",
    ((Request, "artifact", property(lambda asked: ArtifactId(asked.scope, decode(asked.segments["filename"])))),),
)
THE_ARTIFACTS_SCOPE_COUNTS = Defence(
    5, "a token's kinds are asked for the artifact's own scope", ((edge, "_whose", lambda request: request.scope),)
)


def write_into_the_users_folder(world: World, session: str) -> list[str]:
    """The keys that a session got among the user's own."""
    save(f"/v1/apps/app/users/u/sessions/{session}/artifacts/doc", b"posed")
    return [ref.key for ref in world.objects.refs() if ref.key.startswith("app/u/user")]


@pytest.mark.parametrize("session", ["user", "user!2Fx", "user!5Cx"])
def test_a_session_that_is_called_like_the_users_scope_is_refused(session: str, world: World) -> None:
    assert write_into_the_users_folder(world, session) == []


def test_a_session_poses_as_the_users_scope_without_the_reserved_name(world: World) -> None:
    with NO_SESSION_IS_THE_USERS.taken_out():
        assert write_into_the_users_folder(world, "user") == ["app/u/user/doc/0"]


def forge_a_users_file() -> list[str]:
    """The names that a list shows as the user's, though the user has none."""
    save(f"{SESSION}/user!3Adoc", b"forged")
    assert call("GET", USER).json["artifacts"] == []
    return [item["filename"] for item in call("GET", SESSION).json["artifacts"]]


def test_a_sessions_file_that_is_called_like_the_users_is_refused() -> None:
    assert forge_a_users_file() == []


def test_a_sessions_file_poses_as_the_users_without_the_rule_of_names() -> None:
    with USER_IS_NO_PART_OF_A_NAME.taken_out():
        assert forge_a_users_file() == ["user:doc"]


def read_with_a_sessions_token() -> bytes | None:
    """What a token that is good for sessions alone reads of the user's."""
    save(f"{USER}/doc", b"the user's")
    with deployed("JWT"):
        answer = call("GET", f"{SESSION}/user:doc", authorizer=token(scope="artifact:*:session"))
    return answer.body if answer.status == 200 else None


def test_a_users_file_in_a_sessions_path_is_refused_to_a_sessions_token() -> None:
    assert read_with_a_sessions_token() is None


def test_a_users_file_is_read_without_the_scope_of_the_artifact() -> None:
    with THE_ARTIFACTS_SCOPE_COUNTS.taken_out():
        assert read_with_a_sessions_token() == b"the user's"


def test_the_property_that_is_replaced_is_one() -> None:
    assert isinstance(vars(Request)["artifact"], cached_property)
