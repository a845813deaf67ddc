"""Where a server of the second opinion is known to differ from AWS: its tests there must fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True)
class Difference:
    """One test that must fail.

    Attributes:
        test: the test function's name.
        reason: what the server does otherwise, and who is right.
        only: parameters for which it does; all when empty.
    """

    test: str
    reason: str
    only: Mapping[str, frozenset[Any]] = field(default_factory=dict)

    def is_of(self, item: pytest.Function) -> bool:
        if item.originalname != self.test:
            return False
        parameters = item.callspec.params if self.only else {}
        return all(parameters.get(name) in values for name, values in self.only.items())


DIFFERENCES = [
    Difference(
        "test_versions_are_listed_in_the_order_of_their_keys",
        only={"limit": frozenset({1, 3, 4})},
        reason=(
            "SeaweedFS pages through ListObjectVersions folder by folder and drops keys on the way: after `x!2Fy/0` "
            "it leaves out `x/0`, as `!` sorts before `/`. S3 orders by the whole key, and the same list in one page "
            "is right on SeaweedFS too."
        ),
    ),
    Difference(
        "test_folders_are_listed_once_each_and_in_the_order_of_their_bytes",
        only={"limit": frozenset({1, 2, 3})},
        reason=(
            "For the same reason it leaves out `s/` after a page that ends with `s-/` or `s.1/`: as a name `s` sorts "
            "before them, as a key after them. The same list in one page is right."
        ),
    ),
    Difference(
        "test_a_folder_is_listed_as_long_as_anything_is_in_it",
        reason=(
            "SeaweedFS keeps a folder when the last version of its last key is gone, and lists it. S3 has no folders, "
            "only keys. Here it would be looked through in vain."
        ),
    ),
]
