"""What goes over the wire for each of ADK's calls, and what comes back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from google.adk.artifacts.base_artifact_service import ArtifactVersion
from google.adk.errors.input_validation_error import InputValidationError
from google.genai import types

from google_adk_aws import (
    ArtifactIntegrityError,
    ArtifactTooLargeError,
    InvalidArtifactError,
    UnexpectedResponseError,
    WrongServiceUrlError,
)
from google_adk_aws._version import __version__

from .scripted import (
    NAMED,
    OWNER,
    ScriptedApi,
    artifacts,
    content,
    described,
    digest_of,
    gateway,
    json_header,
    problem,
    saved,
    version_json,
    versions,
)

pytestmark = pytest.mark.unit

PATH = "/v1/apps/app/users/alice/sessions/s1/artifacts"
TEXT = types.Part(text="hello")
NO_REQUEST = ScriptedApi(AssertionError("no request was expected"))


async def test_save() -> None:
    api = ScriptedApi(saved(4))
    part = types.Part(inline_data=types.Blob(data=b"\xff\x00", mime_type="image/png", display_name="Grüße.png"))
    version = await api.service().save_artifact(**NAMED, artifact=part, custom_metadata={"n": 1, "ü": [None, 0.5]})
    assert version == 4
    (request,) = api.requests
    assert (request.method, api.paths) == ("POST", [f"{PATH}/a.txt"])
    assert request.content == b"\xff\x00"
    # API Gateway decodes text/* bodies as text, so the true type travels in Artifact-Part.
    assert request.headers["content-type"] == "application/octet-stream"
    assert request.headers["content-digest"] == digest_of(b"\xff\x00")
    assert len(request.headers["idempotency-key"]) >= 16
    assert json_header(request, "artifact-part") == {
        "kind": "bytes",
        "mimeType": "image/png",
        "displayName": "Grüße.png",
    }
    assert json_header(request, "artifact-metadata") == {"n": 1, "ü": [None, 0.5]}
    assert request.headers["user-agent"] == f"google-adk-aws/{__version__}"


async def test_a_save_without_metadata_sends_no_metadata() -> None:
    empty: tuple[dict[str, Any] | None, ...] = (None, {})
    for metadata in empty:
        api = ScriptedApi(saved())
        await api.service().save_artifact(**NAMED, artifact=TEXT, custom_metadata=metadata)
        assert "artifact-metadata" not in api.requests[0].headers


async def test_two_saves_have_two_idempotency_keys() -> None:
    api = ScriptedApi(saved())
    service = api.service()
    await service.save_artifact(**NAMED, artifact=TEXT)
    await service.save_artifact(**NAMED, artifact=TEXT)
    assert len({request.headers["idempotency-key"] for request in api.requests}) == 2


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ({**OWNER, "filename": "a/b.txt"}, f"{PATH}/a!2Fb.txt"),
        ({**OWNER, "filename": "user:a.txt"}, "/v1/apps/app/users/alice/artifacts/a.txt"),
        ({**OWNER, "filename": "user:user:a"}, "/v1/apps/app/users/alice/artifacts/user!3Aa"),
        ({**OWNER, "session_id": None, "filename": "a.txt"}, "/v1/apps/app/users/alice/artifacts/a.txt"),
        ({**OWNER, "user_id": "a@b.c", "filename": "é?#%"}, PATH.replace("alice", "a@b.c") + "/!C3!A9!3F!23!25"),
    ],
)
async def test_paths(arguments: dict[str, Any], path: str) -> None:
    api = ScriptedApi(content(b""))
    await api.service().load_artifact(**arguments)
    await api.service().load_artifact(**arguments, version=7)
    assert api.paths == [path, f"{path}/versions/7"]


async def test_load() -> None:
    api = ScriptedApi(content(b"hello", {"kind": "text", "mimeType": "text/plain", "future": 1}))
    assert await api.service().load_artifact(**NAMED) == TEXT
    assert api.requests[0].headers["accept-encoding"] == "identity"


async def test_a_file_that_is_kept_elsewhere() -> None:
    part = types.Part(file_data=types.FileData(file_uri="gs://bucket/ö.pdf", mime_type="application/pdf"))
    api = ScriptedApi(saved(), content("gs://bucket/ö.pdf".encode(), {"kind": "file", "mimeType": "application/pdf"}))
    service = api.service()
    await service.save_artifact(**NAMED, artifact=part)
    assert api.requests[0].content == "gs://bucket/ö.pdf".encode()
    assert json_header(api.requests[0], "artifact-part")["kind"] == "file"
    assert await service.load_artifact(**NAMED) == part


async def test_a_dict_is_a_part_too() -> None:
    api = ScriptedApi(saved())
    await api.service().save_artifact(**NAMED, artifact={"inlineData": {"mimeType": "a/b", "data": "AAE="}})
    assert api.requests[0].content == b"\0\1"


async def test_load_of_something_that_was_saved_without_the_client() -> None:
    response = httpx.Response(200, headers={"content-type": "image/png", "artifact-version": "0"}, content=b"png")
    assert await ScriptedApi(response).service().load_artifact(**NAMED) == types.Part(
        inline_data=types.Blob(data=b"png", mime_type="image/png")
    )


@pytest.mark.parametrize("code", ["artifact_not_found", "version_not_found"])
async def test_missing_is_none_or_empty(code: str) -> None:
    service = ScriptedApi(problem(404, code)).service()
    assert await service.load_artifact(**NAMED) is None
    assert await service.load_artifact(**NAMED, version=3) is None
    assert await service.get_artifact_version(**NAMED) is None
    assert await service.list_versions(**NAMED) == []
    assert await service.list_artifact_versions(**NAMED) == []


@pytest.mark.parametrize("version", [-1, -(10**30), 10**10, 10**30, 1e30, 1.0, "abc", "0", float("nan")])
async def test_a_version_that_cannot_exist_is_none_without_a_request(version: object) -> None:
    service = NO_REQUEST.service()
    assert await service.load_artifact(**NAMED, version=version) is None  # type: ignore[arg-type]
    assert await service.get_artifact_version(**NAMED, version=version) is None  # type: ignore[arg-type]


async def test_an_impossible_version_does_not_hide_an_impossible_id() -> None:
    with pytest.raises(InputValidationError):
        await NO_REQUEST.service().load_artifact(**{**NAMED, "user_id": ".."}, version=-1)


@pytest.mark.parametrize("field", ["app_name", "user_id", "session_id"])
@pytest.mark.parametrize("value", ["", " ", "..", "a/../b", "/a", "\\a", "C:x", "a\x00b", "a/users/b", "\ud800", 7])
async def test_ids_that_cannot_be_are_refused_without_a_request(field: str, value: object) -> None:
    service, owner = NO_REQUEST.service(), {**OWNER, field: value}
    calls = [
        service.save_artifact(**owner, filename="f", artifact=TEXT),
        service.load_artifact(**owner, filename="f"),
        service.get_artifact_version(**owner, filename="f"),
        service.list_versions(**owner, filename="f"),
        service.list_artifact_versions(**owner, filename="f"),
        service.delete_artifact(**owner, filename="f"),
        service.list_artifact_keys(**owner),
    ]
    for call in calls:
        with pytest.raises(InputValidationError) as caught:
            await call
        assert isinstance(caught.value, InvalidArtifactError)
        assert caught.value.status is None
        assert caught.value.field == field.removesuffix("_name").removesuffix("_id")


@pytest.mark.parametrize("filename", ["", "user:", "\ud800", "é" * 500, None])
async def test_filenames_that_cannot_be_are_refused_without_a_request(filename: str) -> None:
    with pytest.raises(InvalidArtifactError) as caught:
        await NO_REQUEST.service().save_artifact(**OWNER, filename=filename, artifact=TEXT)
    assert caught.value.field == "filename"


async def test_a_name_that_is_too_long_says_how_long() -> None:
    with pytest.raises(InvalidArtifactError, match=r"901 bytes .* 900") as caught:
        await NO_REQUEST.service().save_artifact(**OWNER, filename="x" * 901, artifact=TEXT)
    assert caught.value.code == "key_too_long"


@pytest.mark.parametrize("session", ["user", "user/x", "user\\x"])
async def test_the_reserved_session_is_refused_on_save_alone(session: str) -> None:
    arguments = {**NAMED, "session_id": session}
    with pytest.raises(InvalidArtifactError, match="reserved value 'user'"):
        await NO_REQUEST.service().save_artifact(**arguments, artifact=TEXT)
    assert await ScriptedApi(problem(404, "artifact_not_found")).service().load_artifact(**arguments) is None
    # With user: in front, the session does not matter, in ADK neither.
    api = ScriptedApi(saved())
    await api.service().save_artifact(**{**arguments, "filename": "user:a"}, artifact=TEXT)
    assert api.paths == ["/v1/apps/app/users/alice/artifacts/a"]


async def test_three_mib_go_in_one_request_and_more_do_not() -> None:
    data = b"\0" * (3 * 1024 * 1024 + 1)
    api = ScriptedApi(saved())
    await api.service().save_artifact(**NAMED, artifact=types.Part.from_bytes(data=data[1:], mime_type="a/b"))
    assert len(api.requests[0].content) == 3 * 1024 * 1024
    api = ScriptedApi(problem(404, "route_not_found"))
    with pytest.raises(WrongServiceUrlError):
        await api.service().save_artifact(**NAMED, artifact=types.Part.from_bytes(data=data, mime_type="a/b"))
    assert api.paths == [f"{PATH}/a.txt/uploads"]


async def test_six_kib_of_headers_go_in_one_request_and_more_do_not() -> None:
    api = ScriptedApi(saved())
    await api.service().save_artifact(**NAMED, artifact=TEXT, custom_metadata={"k": "x" * 4500})
    sizes = [len(api.requests[0].headers[name]) for name in ("artifact-part", "artifact-metadata")]
    assert sum(sizes) <= 6144
    api = ScriptedApi(problem(404, "route_not_found"))
    with pytest.raises(WrongServiceUrlError):
        await api.service().save_artifact(**NAMED, artifact=TEXT, custom_metadata={"k": "x" * 4600})
    assert api.paths == [f"{PATH}/a.txt/uploads"]


async def test_metadata_over_the_limit_is_refused_before_sending() -> None:
    with pytest.raises(ArtifactTooLargeError, match=r"65,536") as caught:
        await NO_REQUEST.service().save_artifact(**NAMED, artifact=TEXT, custom_metadata={"k": "é" * 32_768})
    assert caught.value.code == "metadata_too_large"
    assert isinstance(caught.value, InputValidationError)


async def test_delete() -> None:
    api = ScriptedApi(httpx.Response(204))
    await api.service().delete_artifact(**NAMED)
    assert [(request.method, request.url.path) for request in api.requests] == [("DELETE", f"{PATH}/a.txt")]


async def test_metadata_of_a_version() -> None:
    api = ScriptedApi(described(3, kind="bytes", mimeType="image/png", customMetadata={"a": [1, None]}, later="x"))
    expected = ArtifactVersion(
        version=3,
        canonical_uri="s3://bucket/app/alice/s1/a.txt/3",
        custom_metadata={"a": [1, None]},
        create_time=1700000000.5,
        mime_type="image/png",
    )
    assert await api.service().get_artifact_version(**NAMED) == expected
    assert await api.service().get_artifact_version(**NAMED, version=3) == expected
    assert api.paths == [f"{PATH}/a.txt/versions/latest/metadata", f"{PATH}/a.txt/versions/3/metadata"]


@pytest.mark.parametrize(
    ("members", "mime_type"),
    [
        ({"kind": "text", "mimeType": None}, "text/plain"),
        ({"kind": "text", "mimeType": "text/markdown"}, "text/markdown"),
        ({"kind": "bytes", "mimeType": None}, None),
        ({"kind": "file", "mimeType": None}, None),
    ],
)
async def test_mime_type_of_a_version(members: dict[str, Any], mime_type: str | None) -> None:
    version = await ScriptedApi(described(**members)).service().get_artifact_version(**NAMED)
    assert version is not None
    assert version.mime_type == mime_type


async def test_lists_follow_the_cursor_over_empty_pages_and_are_sorted() -> None:
    pages = [artifacts(["b", "user:é"], "c/1+="), artifacts([], "c2"), artifacts(["a", "a/b", "Z", "10", "9"])]
    api = ScriptedApi(*pages)
    assert await api.service().list_artifact_keys(**OWNER) == ["10", "9", "Z", "a", "a/b", "b", "user:é"]
    assert api.paths == [f"{PATH}?limit=1000", f"{PATH}?limit=1000&cursor=c%2F1%2B%3D", f"{PATH}?limit=1000&cursor=c2"]


async def test_a_users_own_list_names_what_loads_from_anywhere() -> None:
    api = ScriptedApi(artifacts(["b", "user:a"]))
    assert await api.service().list_artifact_keys(app_name="app", user_id="alice") == ["user:b", "user:user:a"]
    assert api.paths == ["/v1/apps/app/users/alice/artifacts?limit=1000"]


async def test_versions_are_numeric_and_complete() -> None:
    def service() -> ScriptedApi:
        return ScriptedApi(versions([0, 1, 2], "c"), versions([9, 10, 11]))

    assert await service().service().list_versions(**NAMED) == [0, 1, 2, 9, 10, 11]
    listed = await service().service().list_artifact_versions(**NAMED)
    assert [version.version for version in listed] == [0, 1, 2, 9, 10, 11]


async def test_a_list_that_does_not_advance_ends_with_an_error() -> None:
    api = ScriptedApi(artifacts(["a"], "same"))
    with pytest.raises(UnexpectedResponseError, match="does not advance"):
        await api.service().list_artifact_keys(**OWNER)
    assert len(api.requests) == 2


async def test_damaged_content_is_asked_for_once_more() -> None:
    damaged = content(b"hellp", {"kind": "text"}, digest=digest_of(b"hello"))
    api = ScriptedApi(damaged, content(b"hello", {"kind": "text"}))
    assert await api.service().load_artifact(**NAMED) == TEXT
    assert len(api.requests) == 2
    api = ScriptedApi(damaged)
    with pytest.raises(ArtifactIntegrityError, match="5 bytes"):
        await api.service().load_artifact(**NAMED)
    assert len(api.requests) == 2


@pytest.mark.parametrize("digest", ["sha-256=::", "sha-256=:AA==:", "sha-256=:A:", "md5=:AA==:, sha-256=:AA==:"])
async def test_a_wrong_digest_of_any_shape_is_damage(digest: str) -> None:
    with pytest.raises(ArtifactIntegrityError):
        await ScriptedApi(content(b"x", digest=digest)).service().load_artifact(**NAMED)


@pytest.mark.parametrize("digest", ["md5=:AA==:", f"md5=:AA==:, {digest_of(b'x')}", f"{digest_of(b'x')};a=1"])
async def test_digests_of_other_kinds_do_not_matter(digest: str) -> None:
    assert await ScriptedApi(content(b"x", digest=digest)).service().load_artifact(**NAMED) is not None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>It works!</h1>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, json={"artifacts": [{}], "versions": [{}]}),
        httpx.Response(200, json={"artifacts": ["a"], "versions": ["0"]}),
        httpx.Response(200, json={"artifacts": [], "versions": [], "nextCursor": 1}),
        httpx.Response(
            200,
            json={
                "artifacts": [{"filename": "a", "version": True}],
                "versions": [version_json(createTime="now")],
                **version_json(customMetadata=[]),
                "customMetadata": [1],
            },
        ),
        httpx.Response(204),
        httpx.Response(201, json=version_json()),
        gateway(200, "what?"),
    ],
    ids=str,
)
async def test_answers_that_are_not_the_apis(answer: httpx.Response) -> None:
    service = ScriptedApi(answer).service()
    calls = [
        service.load_artifact(**NAMED),
        service.get_artifact_version(**NAMED),
        service.list_versions(**NAMED),
        service.list_artifact_keys(**OWNER),
    ]
    for call in calls:
        with pytest.raises(UnexpectedResponseError):
            await call


@pytest.mark.parametrize("header", ["!!", "bm90IGpzb24", "W10", "{", "eyJraW5kIjoxfQ"])
async def test_a_malformed_part_header(header: str) -> None:
    answer = httpx.Response(200, headers={"artifact-version": "0", "artifact-part": header}, content=b"x")
    with pytest.raises(UnexpectedResponseError):
        await ScriptedApi(answer).service().load_artifact(**NAMED)
