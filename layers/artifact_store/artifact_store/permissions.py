"""What may be allowed to whoever works with artifacts, and the words for it.

    artifact:ACTION          read, write, delete, list, or * for all of them
    artifact:ACTION:session  the same, of artifacts of sessions only
    artifact:ACTION:user     the same, of a user's own across sessions only

Reading includes listing: who may read what is listed may know that it is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Final, Literal, TypeAlias, get_args

__all__ = ["EVERYTHING", "Action", "Kind", "Permission", "permissions_in"]

Action: TypeAlias = Literal["read", "write", "delete", "list"]
Kind: TypeAlias = Literal["session", "user"]
Permission: TypeAlias = tuple[Action, Kind]
"""An action, and the kind of artifacts that it is allowed with."""

_PREFIX: Final = "artifact:"
_ANY: Final = "*"
_ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
_KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

EVERYTHING: Final[frozenset[Permission]] = frozenset(product(_ACTIONS, _KINDS))
"""Every action with every kind."""


def permissions_in(words: Iterable[str]) -> frozenset[Permission]:
    """What words allow; those that are none of the above mean nothing."""
    found: set[Permission] = set()
    for word in words:
        if not word.startswith(_PREFIX):
            continue
        name, _, kind = word.removeprefix(_PREFIX).partition(":")
        kinds = _KINDS if not kind else tuple(one for one in _KINDS if one == kind)
        actions = _ACTIONS if name == _ANY else tuple(one for one in _ACTIONS if one == name)
        found |= set(product(actions, kinds))
    found |= {("list", kind) for action, kind in found if action == "read"}
    return frozenset(found)
