"""An idempotency key is used again: by another tenant, user or caller, for another artifact, or for other content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from artifact_api.idempotency import FastPath
from artifact_store import Content, store
from tests.contract.calls import DOC, SESSION, USER, Answer, call
from tests.security.callers import deployed, iam, token
from tests.security.defence import Defence

pytestmark = pytest.mark.usefixtures("aws")

_run = FastPath.run


def _by_key_alone(fast_path: FastPath, save: Callable[[], Any], *, identity: Any, **facts: Any) -> Any:
    return _run(fast_path, save, identity={"key": identity["key"]}, **facts)  # type: ignore[typeddict-item]


def _token_of_the_key(*, idempotency_key: str, **_: object) -> str:
    return hashlib.sha256(idempotency_key.encode()).hexdigest()


ANSWERS_ARE_BOUND = Defence(
    9, "a remembered answer is bound to caller, route and artifact", ((FastPath, "run", _by_key_alone),)
)
TOKENS_ARE_BOUND = Defence(
    9, "what a key has saved is bound to caller and artifact", ((store, "token_hash", _token_of_the_key),)
)
CONTENT_IS_COMPARED = Defence(
    9, "a key stands for one content", ((Content, "fingerprint", property(lambda _: "always the same")),)
)

Who = tuple[str, dict[str, Any]]
PATH = "/v1/apps/{app}/users/{user}/sessions/s/artifacts/doc"
ADA: Who = (PATH.format(app="app", user="ada"), token("ada"))
SOMEONE_ELSE: dict[str, Who] = {
    "another user": (PATH.format(app="app", user="eve"), token("eve")),
    "another tenant": (PATH.format(app="other", user="ada"), token("ada", app="other")),
    "another session": (ADA[0].replace("/s/", "/t/"), token("ada")),
    "another artifact": (ADA[0] + "2", token("ada")),
    "the user's own": (ADA[0].replace("/sessions/s", ""), token("ada")),
}


def saved(who: Who, body: bytes = b"the same") -> Answer:
    path, authorizer = who
    return call("POST", path, body=body, headers={"Idempotency-Key": "1"}, authorizer=authorizer)


def get_anothers_answer(auth_mode: str, first: Who, second: Who) -> bytes | None:
    """The answer that the second got from the first one's save."""
    with deployed(auth_mode):
        one, other = saved(first), saved(second)
    assert one.status == other.status == 201
    replayed = "idempotency-replayed" in other.headers or other.json["etag"] == one.json["etag"]
    return other.body if replayed else None


@pytest.mark.parametrize("someone", SOMEONE_ELSE)
def test_a_key_of_another_is_another_key(someone: str) -> None:
    assert get_anothers_answer("JWT", ADA, SOMEONE_ELSE[someone]) is None


@pytest.mark.parametrize("someone", ["another user", "another tenant", "another session", "another artifact"])
def test_another_ones_answer_is_had_without_its_binding(someone: str) -> None:
    with ANSWERS_ARE_BOUND.taken_out():
        assert b'"canonicalUri":"s3://' in (get_anothers_answer("JWT", ADA, SOMEONE_ELSE[someone]) or b"")


TWO_ROLES = (DOC, iam("AROAONE")), (DOC, iam("AROATWO"))


def test_a_key_of_another_role_is_another_key() -> None:
    assert get_anothers_answer("IAM", *TWO_ROLES) is None
    assert get_anothers_answer("IAM", (DOC, iam()), (DOC, iam(account="444455556666"))) is None


def test_another_roles_save_is_taken_for_ones_own_without_the_binding_of_tokens() -> None:
    with TOKENS_ARE_BOUND.taken_out():
        assert get_anothers_answer("IAM", *TWO_ROLES) is not None


def lose_other_content(path: str) -> bytes | None:
    """What is stored, when other content under the same key was answered as if it had been saved."""
    answers = [saved((path, {}), body) for body in (b"first", b"second")]
    loaded = call("GET", path).body
    return loaded if answers[1].status == 201 and loaded != b"second" else None


@pytest.mark.parametrize("path", [f"{SESSION}/doc", f"{USER}/doc"])
def test_other_content_under_the_same_key_is_refused(path: str) -> None:
    assert lose_other_content(path) is None
    assert saved((path, {}), b"third").code == "idempotency_key_reused"
    assert saved((path, {}), b"third").status == 422


def test_other_content_is_lost_without_the_comparison() -> None:
    with CONTENT_IS_COMPARED.taken_out():
        assert lose_other_content(DOC) == b"first"
