from __future__ import annotations

import pytest

from artifact_api.responses import redirect_response
from artifact_store import ArtifactId, Part, Scope, Version

GATEWAY_HEADER_BYTES = 10_240


def version(filename: str, metadata: dict[str, str]) -> Version:
    return Version(
        artifact=ArtifactId(Scope("app", "u", "s"), filename),
        number=0,
        gen="0" * 32,
        version_id="v",
        size=1,
        sha256="0" * 64,
        part=Part(mime_type="m" * 255, display_name="n" * 1024),
        custom_metadata=metadata,
        created_ms=0,
    )


@pytest.mark.parametrize("characters", [500, 1500, 2048, 3000, 5500])
def test_a_redirects_headers_fit_whatever_its_url(characters: int) -> None:
    url = "https://bucket/".ljust(characters, "x")
    response = redirect_response(version("ü" * 150, {"text": "x" * 3000}), url)
    size = sum(len(name) + len(str(value)) for name, value in response.headers.items())
    assert size < GATEWAY_HEADER_BYTES
    assert ("Artifact-Metadata" in response.headers) is (characters <= 2048)
    assert response.headers["Location"] == url
