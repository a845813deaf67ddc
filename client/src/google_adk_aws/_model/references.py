"""How the content of one artifact names another one: a URI of this scheme, in a part of kind `file`."""

from __future__ import annotations

from typing import Final

__all__ = ["REFERENCE_PREFIX"]

REFERENCE_PREFIX: Final = "artifact://"
