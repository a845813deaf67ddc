"""Every block of code on every page is run by a test, or is listed here with the reason why it cannot be.

A new block fails until a test runs it and is counted here beside its page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.docs.blocks import PAGES, ROOT, Block, blocks_of

pytestmark = pytest.mark.unit

NO_PROGRAMS: Final = frozenset({"text", "json", "{eval-rst}"})
"""Languages of what is read and not run: drawings, output, policies."""

RUN_BY: Final[Mapping[str, Mapping[str, int]]] = {
    "README.md": {
        "tests/docs/test_readme.py": 7,
        "tests/docs/test_adk_web_page.py": 1,
        "tests/docs/test_maintenance_page.py": 1,
    },
    "client/README.md": {"tests/docs/test_client_readme.py": 4, "tests/docs/test_adk_web_page.py": 1},
    "docs/adk-web.md": {"tests/docs/test_adk_web_page.py": 3, "tests/browser/conftest.py": 1},
    "docs/authentication.md": {"tests/docs/test_authentication_page.py": 4},
    "docs/authorization.md": {"tests/docs/test_authorization_page.py": 1},
    "docs/bucket-check.md": {"tests/docs/test_bucket_check_page.py": 2},
    "docs/command-line.md": {"tests/docs/test_command_line_page.py": 7},
    "docs/concepts.md": {"tests/docs/test_concepts_page.py": 1},
    "docs/cost.md": {"tests/docs/test_cost_page.py": 1},
    "docs/direct-s3.md": {"tests/docs/test_direct_page.py": 3},
    "docs/encryption.md": {"tests/docs/test_encryption_page.py": 2},
    "docs/large-artifacts.md": {"tests/docs/test_readme.py": 2},
    "docs/maintenance.md": {"tests/docs/test_maintenance_page.py": 5},
    "docs/migration.md": {"tests/docs/test_migration_page.py": 3},
    "docs/monitoring.md": {"tests/docs/test_monitoring_page.py": 1},
    "docs/resilience.md": {"tests/docs/test_resilience_page.py": 1},
    "docs/retention.md": {"tests/docs/test_retention_page.py": 2},
    "docs/testing.md": {"tests/docs/test_testing_page.py": 2},
    "examples/README.md": {"tests/integration/test_examples.py": 1},
}

RUN_WHOLE: Final[Mapping[str, str]] = {
    "docs/deploy.md": "tests/e2e/test_deploy_guide.py",
    "docs/runbook.md": "tests/e2e/test_runbook.py",
}
"""Pages whose test goes through all of their blocks by itself, on a deployment."""

_INSTALLS = "installs from PyPI what is not there before the first release; tests/wheel installs the built wheel"
_ALL_TESTS = "is what runs this test"
_LONG = "takes minutes to an hour and writes its result into the page; a short form of it is part of the tests"
NOT_RUN: Final[Mapping[tuple[str, str], str]] = {
    ("CONTRIBUTING.md", "make test"): _ALL_TESTS,
    ("README.md", "pip install ./client"): "builds and installs the wheel, as tests/wheel does into an empty venv",
    ("README.md", "sam build"): "tests/e2e builds and deploys by it, with the emulator's address",
    ("client/README.md", "pip install 'google-adk-aws[sigv4]'"): _INSTALLS,
    ("docs/command-line.md", "pip install"): _INSTALLS,
    ("docs/direct-s3.md", "pip install"): _INSTALLS,
    ("docs/encryption.md", "pip install"): _INSTALLS,
    ("docs/endurance.md", "make kill\n"): _LONG,
    ("docs/endurance.md", "make kill-direct"): _LONG,
    ("docs/endurance.md", "make soak"): _LONG,
    ("docs/hardening.md", "sam deploy"): "needs a key; tests/infrastructure looks at what the parameter changes",
    (
        "docs/hardening.md",
        "aws secretsmanager",
    ): "needs a deployment; tests/contract/test_lists.py rotates by the same call",
    ("docs/migration.md", "pip install"): _INSTALLS,
    ("docs/releasing.md", "make release-check"): "needs a next version; tests/unit/workshop/test_release.py makes some",
    ("docs/second-opinion.md", "make second-opinion"): _LONG,
}


def reason_for(block: Block) -> str | None:
    return next(
        (why for (page, start), why in NOT_RUN.items() if page == block.page and block.text.startswith(start)), None
    )


def programs() -> Iterator[Block]:
    for page in PAGES:
        yield from (block for block in blocks_of(page) if block.language not in NO_PROGRAMS)


def test_every_block_says_its_language() -> None:
    assert [str(block) for page in PAGES for block in blocks_of(page) if not block.language] == []


def test_every_block_is_run_by_a_test() -> None:
    found = Counter(block.page for block in programs() if block.page not in RUN_WHOLE and reason_for(block) is None)
    counted = {page: sum(tests.values()) for page, tests in RUN_BY.items()}
    assert dict(found) == counted, "a block came or went: let a test run it, and count it in RUN_BY"


@pytest.mark.parametrize(
    ("page", "test"),
    [(page, test) for page, tests in RUN_BY.items() for test in tests] + [*RUN_WHOLE.items()],
)
def test_the_test_reads_the_page(page: str, test: str) -> None:
    assert page.removeprefix("docs/") in (ROOT / test).read_text()


def test_reasons_are_given_for_blocks_that_are_there() -> None:
    blocks = list(programs())
    for page, start in NOT_RUN:
        assert len([block for block in blocks if block.page == page and block.text.startswith(start)]) == 1, start
