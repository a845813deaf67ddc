"""Servers that listen on every interface start only where there is none but loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.second_opinion import enclosure
from tests.second_opinion.enclosure import NotEnclosed
from tests.second_opinion.servers import DynamoDbLocal, Server, ServerError


class Failing(Server):
    name = "This server"

    def version(self) -> str:
        return self.name

    def _command(self, scratch: Path) -> tuple[list[str | Path], Path]:
        return ["sh", "-c", "echo no licence, no service; exit 3"], scratch


def test_dynamodb_local_does_not_start_beside_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosure, "interfaces_up", lambda: {"lo", "eth0"})
    with pytest.raises(NotEnclosed, match="eth0 is up"), DynamoDbLocal():
        pass


def test_loopback_alone_is_enclosed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosure, "interfaces_up", lambda: {"lo"})
    enclosure.require()


def test_a_machine_without_namespaces_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, stdout="", stderr="unshare: Operation not permitted\n")

    monkeypatch.setattr(enclosure, "interfaces_up", lambda: {"lo", "eth0"})
    monkeypatch.setattr(subprocess, "run", refuse)
    with pytest.raises(NotEnclosed, match="can be made here: unshare: Operation not permitted"):
        enclosure.enter("tests.second_opinion")


def test_the_interfaces_of_this_machine_are_seen() -> None:
    assert "lo" in enclosure.interfaces_up()


def test_a_server_that_does_not_start_is_quoted() -> None:
    with pytest.raises(ServerError, match=r"This server does not start.*\nno licence, no service"), Failing():
        pass
