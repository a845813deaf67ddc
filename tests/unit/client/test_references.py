from __future__ import annotations

import pytest
from google.adk.artifacts import artifact_util
from google.adk.errors.input_validation_error import InputValidationError
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st

from google_adk_aws import InvalidArtifactError
from google_adk_aws._adk.references import Caller, resolve

from .scripted import NAMED, OWNER, ScriptedApi, content, saved

pytestmark = pytest.mark.unit

ALICE = Caller(app="app", user="alice", session="s1")
NAME = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)
# google-adk's first regular expressions know no "/" in a filename and came without the other checks.
ADK_RESOLVES = hasattr(artifact_util, "resolve_artifact_reference")


def reference(name: str, version: object = 0, session: str | None = "s1", user: str = "alice", app: str = "app") -> str:
    middle = f"sessions/{session}/" if session is not None else ""
    return f"artifact://apps/{app}/users/{user}/{middle}artifacts/{name}/versions/{version}"


@given(
    name=NAME | st.sampled_from(["a/b", "x/versions/3", "a/artifacts/b", "user:a", "versions"]),
    version=st.integers(0, 10**10 - 1),
)
def test_what_adk_writes_is_read(name: str, version: int) -> None:
    in_session = artifact_util.get_artifact_uri("app", "alice", name, version, "s1")
    found = resolve(in_session, caller=ALICE)
    assert found.artifact.adk_filename == name
    assert found.version == version
    assert found.caller == ALICE
    found = resolve(artifact_util.get_artifact_uri("app", "alice", name, version), caller=ALICE)
    assert found.artifact.filename == name.removeprefix("user:")
    assert found.artifact.scope.session is None
    assert found.caller == Caller(app="app", user="alice", session=None)


WORDS = st.lists(
    st.sampled_from(
        ["apps", "users", "sessions", "artifacts", "versions", "app", "alice", "s1", "f", "0", "7", "", "x y"]
    ),
    min_size=4,
    max_size=12,
)


@pytest.mark.skipif(not ADK_RESOLVES, reason="this google-adk has no such function to compare with")
@given(words=WORDS)
def test_the_same_is_refused_and_read_as_by_todays_adk(words: list[str]) -> None:
    uri = "artifact://" + "/".join(words)
    try:
        theirs = artifact_util.resolve_artifact_reference(
            file_uri=uri, app_name="app", user_id="alice", session_id="s1", remaining_depth=1
        )
    except InputValidationError:
        with pytest.raises(InvalidArtifactError):
            resolve(uri, caller=ALICE)
        return
    ours = resolve(uri, caller=ALICE)
    assert (ours.caller.app, ours.caller.user, ours.caller.session) == theirs[:3]
    assert (ours.artifact.adk_filename.removeprefix("user:"), ours.version) == theirs[3:]


@pytest.mark.parametrize(
    "uri",
    [
        "artifact://",
        "artifact://apps/app",
        "artifact://apps/app/users/alice/artifacts/f",
        reference("f", "latest"),
        reference("f", "-1"),
        reference("f", "٣"),
        reference("f", "0?x=1"),
        reference("f", ""),
        reference(""),
        reference("f", session=""),
        reference("f", user="", app="app"),
        reference("f" * 1000),
    ],
)
async def test_malformed_references_are_refused_on_save(uri: str) -> None:
    api = ScriptedApi(AssertionError("no request was expected"))
    part = types.Part(file_data=types.FileData(file_uri=uri))
    with pytest.raises(InputValidationError, match="reference"):
        await api.service().save_artifact(**NAMED, artifact=part)


@pytest.mark.parametrize(
    ("uri", "session", "message"),
    [
        (reference("f", app="other"), "s1", "same app and user"),
        (reference("f", user="bob"), "s1", "same app and user"),
        (reference("f", user="bob", session=None), "s1", "same app and user"),
        (reference("f", session="s2"), "s1", "same session"),
        (reference("f", session="s1"), None, "same session"),
    ],
)
async def test_references_to_others_are_refused_on_save_and_on_load(
    uri: str, session: str | None, message: str
) -> None:
    arguments = {**NAMED, "session_id": session}
    part = types.Part(file_data=types.FileData(file_uri=uri))
    with pytest.raises(InputValidationError, match=message):
        await ScriptedApi(saved()).service().save_artifact(**arguments, artifact=part)
    # Written behind our back: still refused, before the other's artifact is asked for.
    api = ScriptedApi(content(uri.encode(), {"kind": "file"}))
    with pytest.raises(InputValidationError, match=message):
        await api.service().load_artifact(**arguments)
    assert len(api.requests) == 1


async def test_a_version_that_no_artifact_can_have_leads_nowhere() -> None:
    uri = reference("f", "9" * 5000)
    await (
        ScriptedApi(saved())
        .service()
        .save_artifact(**NAMED, artifact=types.Part(file_data=types.FileData(file_uri=uri)))
    )
    assert await ScriptedApi(content(uri.encode(), {"kind": "file"})).service().load_artifact(**NAMED) is None


async def test_a_circle_ends_after_five_hops() -> None:
    api = ScriptedApi(content(reference("a.txt").encode(), {"kind": "file"}))
    with pytest.raises(InputValidationError, match="recursion depth"):
        await api.service().load_artifact(**NAMED)
    assert len(api.requests) == 6


async def test_a_reference_out_of_the_session_does_not_lead_back_into_it() -> None:
    api = ScriptedApi(
        content(reference("b", session=None).encode(), {"kind": "file"}),
        content(reference("c").encode(), {"kind": "file"}),
    )
    with pytest.raises(InputValidationError, match="same session"):
        await api.service().load_artifact(**OWNER, filename="a")
