"""The Serverless Application Repository takes what template.yaml says of itself.

`sam publish` asks it only after everything was uploaded, and the release workflow runs that last.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pytest

from tests.infrastructure.template import DOCUMENT, ROOT

pytestmark = pytest.mark.unit

APPLICATION: Final[dict[str, Any]] = DOCUMENT["Metadata"]["AWS::ServerlessRepo::Application"]
# https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/
# serverless-sam-template-publishing-applications-metadata-properties.html
PATTERNS: Final = {
    "Name": r"[a-zA-Z0-9\-]{1,140}",
    "Author": r"(?=.{1,127}$)[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?",
    "Description": r".{1,256}",
    "SemanticVersion": r"\d+\.\d+\.\d+",
    "SpdxLicenseId": r"Apache-2\.0",
}


@pytest.mark.parametrize("name", PATTERNS)
def test_a_property_is_one_that_is_taken(name: str) -> None:
    assert re.fullmatch(PATTERNS[name], APPLICATION[name])


def test_labels_are_few_and_plain() -> None:
    labels = APPLICATION["Labels"]
    assert 1 <= len(labels) <= 10
    assert [label for label in labels if not re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label)] == []


@pytest.mark.parametrize("name", ["LicenseUrl", "ReadmeUrl"])
def test_files_are_there_and_small_enough(name: str) -> None:
    assert 0 < (ROOT / APPLICATION[name]).stat().st_size <= 5 * 2**20


def test_nothing_else_is_said() -> None:
    assert APPLICATION.keys() == {*PATTERNS, "Labels", "LicenseUrl", "ReadmeUrl"}
