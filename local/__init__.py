"""The whole API on one machine: the real handlers behind a stand-in gateway, over embedded S3 and DynamoDB.

`python -m local` serves it; `LocalApi` does the same for a test, in processes of its own; `LoopbackTransport`
calls the handlers inside the test's process, with the same events.
"""

from local.api import LocalApi
from local.emulator import Emulator, EmulatorError
from local.loopback import LoopbackTransport
from local.provision import provision
from local.template import Template

__all__ = ["Emulator", "EmulatorError", "LocalApi", "LoopbackTransport", "Template", "provision"]
