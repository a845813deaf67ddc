"""The reader's shell notices whatever fails: without that, the pages' tests would show nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.emulated_cloud import ROOT, EmulatedCloud
from tests.e2e.terminal import Terminal, blocks, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    # None of these commands go to the cloud, so it need not run.
    with Terminal(EmulatedCloud(tmp_path_factory.mktemp("cloud")), tmp_path_factory.mktemp("home")) as terminal:
        yield terminal


def test_variables_and_functions_stay(terminal: Terminal) -> None:
    assert terminal.run('export WHO=ada\ngreet() { echo "Hello, $1"; }') == ""
    assert terminal.run('greet "$WHO"') == "Hello, ada\n"


@pytest.mark.parametrize(
    "script",
    [
        "false",
        "false\ntrue",
        "false | cat",
        "cat no-such-file",
        "no-such-command",
        "for one in 1 2; do false; done",
        "(false)\ntrue",
        "VALUE=$(false)",
        'export VALUE="$(false)"',
        'export VALUE=$(false; echo "something")',
        'echo "$(false)"',
        'given() { false; true; }; echo "$(given)"',
        "cat <<EOF\n$(false)\nEOF",
        "true && false",
        "sam() { false; }; sam deploy",
        "if then",
    ],
)
def test_a_command_that_fails_fails_its_block(terminal: Terminal, script: str) -> None:
    with pytest.raises(AssertionError, match=r"failed: \d"):
        terminal.run(script)
    assert terminal.run("echo on") == "on\n", "the shell goes on"


@pytest.mark.parametrize("script", ["false || true", "if false; then :; fi", "while false; do :; done", "! false"])
def test_a_command_may_fail_where_its_block_asks_whether_it_does(terminal: Terminal, script: str) -> None:
    terminal.run(script)


def test_a_status_that_is_expected_has_to_come(terminal: Terminal) -> None:
    terminal.run("true\n(exit 3)", statuses=(3,))
    with pytest.raises(AssertionError, match="failed: nothing"):
        terminal.run("true", statuses=(3,))
    with pytest.raises(AssertionError, match="failed: 4"):
        terminal.run("(exit 4)", statuses=(3,))


def test_a_question_is_answered(terminal: Terminal) -> None:
    assert terminal.run('read answer; echo "$answer"', answers="y\n") == "y\n"
    terminal.run("read answer", statuses=(1,))


@pytest.mark.parametrize("script", ["echo $NOBODY_HAS_SET_THIS", "exit 0"])
def test_a_shell_that_ends_fails(tmp_path_factory: pytest.TempPathFactory, script: str) -> None:
    with (
        Terminal(EmulatedCloud(tmp_path_factory.mktemp("cloud")), tmp_path_factory.mktemp("home")) as terminal,
        pytest.raises(AssertionError, match="The shell ended"),
    ):
        terminal.run(script)


def test_it_stands_in_a_copy_of_the_repository(terminal: Terminal) -> None:
    terminal.run("echo changed > README.md; cp template.yaml another.yaml; test -e samconfig.toml")
    assert (ROOT / "README.md").read_text() != "changed\n"
    assert not (ROOT / "another.yaml").exists()
    assert not (terminal.clone / ".venv").exists()


def test_pages_are_taken_apart() -> None:
    page = "Intro\n\n```bash\none\n```\n\n## Title\n\n```sh\ntwo\n```\n\n```bash\nthree\n```\n"
    assert blocks(page) == ["one\n", "three\n"]
    assert {title: blocks(text, "sh") for title, text in sections(page).items()} == {"": [], "Title": ["two\n"]}
