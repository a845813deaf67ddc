"""Clients at work on one artifact: what can happen next, and what is then.

A state is a value. `Model.moves` tells every next storage call, answered truly or with a fault, and
`Model.step` gives the state after one. Who chooses among the moves is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from artifact_store.errors import Contention, StorageUnavailable, Unavailable
from artifact_store.names import BLOB_PREFIX
from artifact_store.ports import ConditionFailed, ObjectExists, TransactionConflict
from artifact_store.transfers import UploadGone
from tests.model.history import Event, History, Key
from tests.model.judge import Violation
from tests.model.operations import Again, Answer, Operation
from tests.model.replay import ORDER, Attempt, Weaken, Where
from tests.model.worlds import CHANGING, CREATING, READING, Call, Raised, World, frozen

__all__ = ["FAULTS", "NOON", "PATH", "Effect", "Model", "Move", "State", "Turn", "described"]

NOON: Final = 1_700_000_000_000

_JUMP_MS: Final = 11 * 60 * 1000

_LOST: Final = Raised(StorageUnavailable)
_CONFLICT: Final = {"objects.create": Raised(ObjectExists), "table.transact": Raised(TransactionConflict)}
_REPEAT: Final = {
    "objects.create": Raised(ObjectExists),
    "table.transact": Raised(TransactionConflict),
    "transfers.complete": Raised(UploadGone),
    "transfers.abort": Raised(UploadGone),
    "table.put": Raised(ConditionFailed),
}
_EVERY_CALL: Final = CHANGING | READING

FAULTS: Final = {
    "crash before": _EVERY_CALL,
    "crash after": CHANGING,
    "fail": _EVERY_CALL,
    "lose": CHANGING,
    "late": CHANGING,
    "conflict": frozenset(_CONFLICT),
    "repeat": frozenset(_REPEAT),
}
"""What may go wrong, and with which calls.

The process dies before or after the call (after one that changes nothing is before the next). Storage does
not do it; does it, but the answer is lost; does it only later. Another writer is in the way. The SDK sends a
call again that was done, and gets the answer to that.
"""

PATH: Final = frozenset({"go", "swap", "land"})
"""Moves that are no fault."""

_DONE: Final = frozenset({"go", "crash after", "lose", "repeat"})
"""With these, the call takes effect now."""

_BATCHES: Final = frozenset({"table.get", "table.delete", "objects.delete"})
"""Neither S3 nor DynamoDB does these at one moment."""


Parts: TypeAlias = tuple[tuple[int, Any], ...]
"""Parts of a batch that are done, with their answers."""


class Move(NamedTuple):
    """What happens next.

    Attributes:
        kind: `go`, a fault, `swap` (two calls that may overlap go in the other order), `land` (a late call
            arrives), `forget` (DynamoDB forgets the request tokens it has seen, as it does after ten minutes)
            or `jump` (eleven minutes pass, for everybody).
        client: Whose call; for `land`, which late call.
        part: Which part of a batch.
    """

    kind: str
    client: int = 0
    part: int = 0


class Turn:
    """What a client is at. There is one object for equal ones.

    Attributes:
        client: Which client.
        key: The operation: client, place among the client's, attempt.
        where: Where the attempt stands; None when the client is done or dead.
        parts: Parts of a batch that are done, with their answers.
        moves: What can happen to it without a fault.
        faults: What else can happen to it.
        alone: Whether nobody else can notice its next call.
        repeats: Whether its next call is the last one once more.
    """

    __slots__ = ("alone", "client", "faults", "key", "moves", "parts", "repeats", "where")

    def __init__(self, key: Key, where: Where | None, parts: Parts, kinds: Iterable[str]) -> None:
        self.client = key[0]
        self.key = key
        self.where = where
        self.parts = parts
        self.moves: tuple[Move, ...] = ()
        self.faults: tuple[Move, ...] = ()
        self.alone = False
        self.repeats = where is not None and where.repeats
        if where is None:
            return
        name = self.call.name
        if name == ORDER:
            self.alone = True
            self.moves = Move("go", self.client), Move("swap", self.client)
            return
        self.alone = name == "objects.create" and self.call.args[0].startswith(BLOB_PREFIX)
        done = {part for part, _ in parts}
        open_parts = [part for part in range(self.size) if part not in done]
        if name != "table.get":
            del open_parts[1:]
        self.moves = tuple([Move("go", self.client, part) for part in open_parts])
        if not parts or name in CHANGING:
            self.faults = tuple([Move(kind, self.client, open_parts[0]) for kind in kinds if name in FAULTS[kind]])

    @property
    def call(self) -> Call:
        """The call that it waits for."""
        assert self.where is not None
        assert self.where.call is not None
        return self.where.call

    @property
    def operation(self) -> Operation:
        """What it is at."""
        assert self.where is not None
        return self.where.attempt.operation

    @property
    def size(self) -> int:
        """How many parts the call has."""
        return len(self.call.args[0]) if self.call.name in _BATCHES else 1

    def part(self, number: int) -> Call:
        """The call for one part."""
        return self.call if self.size == 1 else Call(self.call.name, ([self.call.args[0][number]],), {})


class Late(NamedTuple):
    """A call whose sender has given up on it, still on its way."""

    turn: Turn
    part: int


class State(NamedTuple):
    """Everything, between two calls."""

    world: World
    turns: tuple[Turn, ...]
    history: History
    faults: int
    late: tuple[Late, ...]
    now: int

    @property
    def done(self) -> bool:
        """Whether nobody is at work any more."""
        return not self.late and all(turn.where is None for turn in self.turns)


class Effect(NamedTuple):
    """What a call does.

    Attributes:
        world: What storage is then.
        turn: What the client is at then.
        answer: What its operation has answered; None when it has not.
        failed: Whether its attempt has failed, so that its caller got no answer.
    """

    world: World
    turn: Turn
    answer: Answer = None
    failed: bool = False


class Model:
    """Clients, each with operations that it does in turn, and what may go wrong."""

    def __init__(
        self,
        clients: Sequence[Sequence[Operation]],
        *,
        faults: int = 0,
        kinds: Iterable[str] = tuple(FAULTS),
        weaken: Weaken | None = None,
        passing: Iterable[str] = ("forget",),
        blobs_collide: bool = False,
        skews: Mapping[int, int] | None = None,
        roots: dict[Any, Where] | None = None,
    ) -> None:
        """Nobody has done anything yet.

        Args:
            clients: What each does.
            faults: How many faults may happen.
            kinds: Which ones.
            weaken: Takes a safety away.
            passing: What time may do, `forget` or `jump`; counts as a fault.
            blobs_collide: Whether S3 may say that a blob's key is taken.
            skews: By how many milliseconds clients' clocks are wrong.
            roots: What is known from other models with the same safety taken away.
        """
        self._clients = clients
        self._faults = faults
        self._kinds = tuple(kinds)
        self._weaken = weaken
        self._passing = [Move(kind) for kind in passing]
        self._blobs_collide = blobs_collide
        self._skews = dict(skews or {})
        self._turns: dict[Any, Turn] = {}
        self._roots: dict[Any, Where] = {} if roots is None else roots

    def start(self, world: World, events: frozenset[Event] = frozenset()) -> State:
        """The state from which all schedules start, after what has happened before."""
        turns = tuple([self._begin(client, 0, NOON) for client in range(len(self._clients))])
        return State(world, turns, History(events), self._faults, (), NOON)

    def moves(self, state: State) -> Sequence[Move]:
        """Everything that can happen next; nothing when all is done.

        Ten minutes do not pass between a call and its repetition.

        What nobody else can notice, the order of two calls and the writing of a blob that no record
        names yet, is not interleaved with what others do.
        """
        for turn in state.turns:
            if turn.alone:
                return turn.moves + turn.faults if state.faults else turn.moves
        moves: list[Move] = []
        for turn in state.turns:
            moves += turn.moves
            if state.faults:
                moves += turn.faults
        moves += [Move("land", number) for number in range(len(state.late))]
        if state.faults and moves and not any(turn.repeats for turn in state.turns):
            moves += self._passing
        return moves

    def step(self, state: State, move: Move) -> State:
        """The state after a move.

        Raises:
            Violation: An operation came out as none should.
        """
        kind, client, part = move
        world, turns, history, faults, late, now = state
        if kind == "land":
            landing = late[client]
            assert landing.turn.where is not None
            _, world = self.do(landing.turn.part(landing.part), landing.turn.where.version, world, now)
            return State(world, turns, history, faults, late[:client] + late[client + 1 :], now)
        if kind == "jump":
            return State(world, turns, history, faults - 1, late, now + _JUMP_MS)
        if kind == "forget":
            return State(self.forget(world), turns, history, faults - 1, late, now)
        turn = turns[client]
        key = turn.key
        if not turn.alone:
            history = history.started(key, turn.operation)
        world, turn_after, answer, failed = self.effect(world, turn, move, now)
        if kind == "late":
            late = (*late, Late(turn, part))
        if answer is not None:
            history = history.answered(key, answer)
        elif failed:
            history = history.failed(key, may_land=bool(late))
        if kind not in PATH:
            faults -= 1
        return State(world, (*turns[:client], turn_after, *turns[client + 1 :]), history, faults, late, now)

    def do(self, call: Call, version: int, world: World, now: int) -> tuple[Any, World]:
        """What storage does with a call."""
        return world.answer(call, version=version, now=now)

    def forget(self, world: World) -> World:
        """What storage is once it has forgotten request tokens."""
        return world.forgetting_requests()

    def effect(self, world: World, turn: Turn, move: Move, now: int) -> Effect:
        """What a call does."""
        kind, _, part = move
        where = turn.where
        assert where is not None
        if where.at_start and where.attempt.start != self._time(turn.client, now):
            where = self._root(turn.key, turn.operation, where.attempt.number, now)
            turn = self._turn(turn.key, where, turn.parts)
        name = turn.call.name
        if name == ORDER:
            return self._answered(world, turn, kind == "swap", now)
        answer: Any = _LOST
        before = world
        if kind in _DONE:
            answer, world = self.do(turn.part(part), where.version, world, now)
        created = name in CREATING and (world is not before or kind == "late")
        if kind == "go":
            if turn.size > 1:
                parts = tuple(sorted([*turn.parts, (part, answer)], key=lambda done: done[0]))
                if len(parts) < turn.size:
                    return Effect(world, self._turn(turn.key, where, parts))
                answer = [found[0] for _, found in parts] if name == "table.get" else None
            return self._answered(world, turn, answer, now, created=created)
        if kind in {"crash before", "crash after"}:
            return Effect(world, self._turn(turn.key, None), failed=True)
        answer = {"conflict": _CONFLICT, "repeat": _REPEAT}.get(kind, {}).get(name, _LOST)
        return self._answered(world, turn, answer, now, created=created)

    def _answered(self, world: World, turn: Turn, answer: Any, now: int, *, created: bool = False) -> Effect:
        assert turn.where is not None
        where = turn.where.answered(answer, self._time(turn.client, now), created=created)
        if where.call is not None:
            return Effect(world, self._turn(turn.key, where))
        client, place, attempt = turn.key
        outcome = where.outcome
        number = where.attempt.number + where.created
        if isinstance(outcome, Again):
            return Effect(world, self._turn(turn.key, self._root(turn.key, outcome.operation, number, now)))
        if isinstance(outcome, Contention) and now == NOON:
            raise Violation(f"gave up: {turn.operation}")
        if isinstance(outcome, Unavailable):
            operation = self._clients[client][place]
            key = turn.key if operation.once else (client, place, attempt + 1)
            return Effect(world, self._turn(key, self._root(key, operation, number, now)), failed=True)
        if isinstance(outcome, Exception):
            raise Violation(f"broke: {turn.operation}: {outcome!r}") from outcome
        return Effect(world, self._begin(client, place + 1, now), answer=outcome)

    def _begin(self, client: int, place: int, now: int) -> Turn:
        key = client, place, 0
        if place == len(self._clients[client]):
            return self._turn(key, None)
        return self._turn(key, self._root(key, self._clients[client][place], ((client + 1) * 100 + place) * 100, now))

    def _time(self, client: int, now: int) -> int:
        return now + self._skews.get(client, 0)

    def _root(self, key: Key, operation: Operation, number: int, now: int) -> Where:
        attempt = Attempt(operation, number, self._time(key[0], now), self._weaken)
        root = self._roots.get((key, attempt))
        if root is None:
            root = Where(attempt)
            self._roots[key, attempt] = root
        return root

    def _turn(self, key: Key, where: Where | None, parts: Parts = ()) -> Turn:
        full_key = key, where, frozen(parts)
        turn = self._turns.get(full_key)
        if turn is None:
            turn = Turn(key, where, parts, self._kinds)
            if turn.alone and not self._blobs_collide:
                turn.faults = tuple([move for move in turn.faults if move.kind not in {"conflict", "repeat"}])
            self._turns[full_key] = turn
        return turn


def described(state: State, move: Move) -> str:
    """A move, as text."""
    if move.kind in {"land", "forget", "jump"}:
        return f"{move.kind} {move.client}"
    turn = state.turns[move.client]
    call = turn.part(move.part)
    asked = ", ".join([*map(str, call.args), *[f"{name}={value}" for name, value in call.options.items()]])
    return f"{move.kind}: client {move.client}, {turn.operation}: {call.name} {asked[:120]}"
