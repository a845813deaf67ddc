"""The judge itself: which stories of answers can be explained, and which cannot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.model.history import Event
from tests.model.judge import explained
from tests.model.operations import MISSING, Delete, List, Load, Operation, Save, Versions

A, B = Save("a"), Save("b")
G, H = "gen", "other gen"


def in_turn(*done: tuple[Operation, Any]) -> list[Event]:
    """Each starts when those before it have ended; one without an answer has failed."""
    events: list[Event] = []
    for number, (operation, answer) in enumerate(done):
        before = frozenset([event.key for event in events if event.ended])
        ended = answer is not None or not operation.once
        events.append(Event((number, 0, 0), operation, before, answer, ended=ended))
    return events


def at_once(*done: tuple[Operation, Any]) -> list[Event]:
    """All overlap."""
    return [event._replace(before=frozenset()) for event in in_turn(*done)]


@pytest.mark.parametrize(
    "events",
    [
        in_turn((A, (G, 0)), (B, (G, 1)), (Load(), (G, 1, "b")), (Load(0), (G, 0, "a")), (Load(2), MISSING)),
        in_turn((A, (G, 0)), (B, (G, 1)), (Versions(), ((G, 0, "a"), (G, 1, "b"))), (List(), (G, 1, "b"))),
        in_turn((A, (G, 0)), (A, (G, 0)), (B, (G, 1))),
        in_turn((A, (G, 0)), (Delete(), True), (Delete(), False), (Load(), MISSING), (B, (H, 0))),
        in_turn((A, (G, 0)), (Delete(), True), (A, (G, 0)), (Versions(), MISSING)),
        in_turn((A, None), (Load(), MISSING), (B, (G, 1)), (Load(), (G, 1, "b"))),
        in_turn((A, None), (B, (G, 0)), (Load(), (G, 0, "b"))),
        in_turn((A, (G, 0)), (Delete(), None), (Load(), MISSING), (B, (H, 0))),
        at_once((A, (G, 1)), (B, (G, 0)), (Load(), MISSING)),
        at_once((A, (G, 0)), (B, (H, 0)), (Delete(), True), (Load(), (H, 0, "b"))),
        [
            *in_turn((A, (G, 0))),
            *[event._replace(key=(9, n, 0)) for n, event in enumerate(at_once(*[(Delete(), True)] * 2))],
        ],
    ],
)
def test_what_can_be_explained(events: list[Event]) -> None:
    assert explained(events)


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(in_turn((A, (G, 0)), (Load(), MISSING)), id="lost"),
        pytest.param(in_turn((A, (G, 0)), (B, (G, 0))), id="one number twice"),
        pytest.param(in_turn((A, (G, 0)), (B, (G, 2))), id="gap"),
        pytest.param(in_turn((A, (G, 0)), (B, (H, 1))), id="another life"),
        pytest.param(in_turn((A, (G, 0)), (Delete(), True), (B, (G, 0))), id="a generation used again"),
        pytest.param(in_turn((A, (G, 0)), (A, (G, 1))), id="doubled"),
        pytest.param(in_turn((A, (G, 0)), (Versions(), ((G, 0, "a"), (G, 1, "a")))), id="doubled in a list"),
        pytest.param(in_turn((A, (G, 0)), (Delete(), True), (Load(), (G, 0, "a"))), id="resurrected"),
        pytest.param(in_turn((A, (G, 0)), (Delete(), True), (A, (H, 0))), id="doubled across lives"),
        pytest.param(
            in_turn(
                (A, None), (Delete(), None), (Load(), MISSING), (B, (G, 1)), (Delete(), True), (Load(), (G, 0, "a"))
            ),
            id="late and resurrected",
        ),
        pytest.param(
            in_turn((A, (G, 0)), (Delete(), None), (Load(), (G, 0, "a")), (Load(), MISSING)),
            id="deleted after the delete",
        ),
        pytest.param(in_turn((A, (G, 0)), (Delete(), False)), id="a delete that saw nothing"),
        pytest.param(in_turn((Delete(), True)), id="a delete of nothing"),
        pytest.param(in_turn((A, (G, 0)), (B, (G, 1)), (Load(), (G, 0, "a"))), id="an old latest version"),
        pytest.param(in_turn((A, (G, 0)), (B, (G, 1)), (Load(0), (G, 0, "b"))), id="another version's bytes"),
        pytest.param(in_turn((A, (G, 0)), (B, (G, 1)), (List(), (G, 0, "a"))), id="an old list of names"),
        pytest.param(in_turn((A, (G, 0)), (B, (G, 1)), (Versions(), ((G, 1, "b"),))), id="a list with a hole"),
        pytest.param(in_turn((A, (G, 0)), (Versions(), ())), id="a list of nothing"),
        pytest.param(at_once((A, (G, 0)), (B, (G, 0))), id="one number twice at once"),
    ],
)
def test_what_cannot_be_explained(events: list[Event]) -> None:
    assert not explained(events)
