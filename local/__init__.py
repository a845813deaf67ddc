"""The whole API on one machine: the real handlers behind a stand-in gateway, over embedded S3 and DynamoDB.

`python -m local` serves it; `LocalApi` does the same for a test, in processes of its own; `LoopbackTransport`
calls the handlers inside the test's process, with the same events.
"""

from typing import TYPE_CHECKING

from local.api import LocalApi
from local.emulator import Emulator, EmulatorError
from local.provision import provision
from local.template import Template

if TYPE_CHECKING:
    from local.loopback import LoopbackTransport

__all__ = ["Emulator", "EmulatorError", "LocalApi", "LoopbackTransport", "Template", "provision"]

if not TYPE_CHECKING:  # else a type checker believes every name to be here

    def __getattr__(name: str) -> object:
        # httpx is a third of the server's start-up time, and the server has no use for it.
        if name == "LoopbackTransport":
            from local.loopback import LoopbackTransport  # noqa: PLC0415

            return LoopbackTransport
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
