"""An HTTP client or proxy rewrites dot segments on the way, and the request arrives at another path.

`DELETE …/users/u/artifacts/..` would arrive as the request that deletes everything of the user.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from urllib.parse import unquote, urljoin

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artifact_api.routes import ROUTES, match
from artifact_store import ArtifactId, names
from google_adk_aws._http.paths import artifact_path
from tests.security.defence import Defence

DOTS_ARE_ESCAPED = Defence(
    6,
    "a name of dots alone is escaped",
    ((names, "encode", lambda text, field="name": "".join(names._ESCAPES[byte] for byte in text.encode())),),
)

REWRITERS: dict[str, Callable[[str], str]] = {
    "an HTTP client": lambda path: httpx.URL(f"https://a.example{path}").raw_path.decode(),
    "a browser": lambda path: urljoin("https://a.example/", path).removeprefix("https://a.example"),
    "a proxy": posixpath.normpath,
    "a proxy that decodes": lambda path: posixpath.normpath(unquote(path)),
    "a proxy on another system": lambda path: posixpath.normpath(unquote(unquote(path)).replace("\\", "/")),
}


def arrive_elsewhere(filename: str, session: str | None, through: str) -> str | None:
    """Which operation a delete of one artifact has become on its way, or which other path it has got."""
    artifact = ArtifactId.of(app="app", user="u", session=session, filename=filename)
    sent = artifact_path(artifact)
    arrived = REWRITERS[through](sent)
    if arrived == sent:
        return None
    operations = [
        route.operation for route in ROUTES if "DELETE" in route.methods and match(route.path, arrived) is not None
    ]
    return operations[0] if operations else arrived


@pytest.mark.parametrize("through", REWRITERS)
@pytest.mark.parametrize("filename", [".", "..", "...", "../..", "./a", "a/..", "%2e%2e", "..\\..", "//", "/"])
@pytest.mark.parametrize("session", ["s", None])
def test_a_path_arrives_as_it_was_sent(filename: str, session: str | None, through: str) -> None:
    assert arrive_elsewhere(filename, session, through) is None


@given(
    filename=st.text(st.sampled_from("./\\%2eE!:;?#a "), min_size=1, max_size=8),
    through=st.sampled_from(sorted(REWRITERS)),
)
def test_no_name_is_rewritten(filename: str, through: str) -> None:
    assert arrive_elsewhere(filename, "s", through) is None


def test_a_delete_becomes_another_without_the_escape_of_dots() -> None:
    with DOTS_ARE_ESCAPED.taken_out():
        assert arrive_elsewhere("..", None, "a proxy") == "delete_user"
        assert arrive_elsewhere(".", "s", "a proxy") == "delete_session"
        assert arrive_elsewhere("..", "s", "an HTTP client") is not None
