"""Runs ministack until its starter is gone. The emulator's own Python runs this file, so it imports nothing of ours.

Standard input is a pipe that nobody writes to. It closes when the starter ends, however it ends, `kill -9` included;
ministack then gets SIGTERM, on which it saves its state.
"""

import os
import runpy
import signal
import sys
import threading
import time

SAVING_SECONDS = 20


def _end_with_starter() -> None:
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVING_SECONDS)
    os._exit(1)  # it hangs: better gone than an orphan


if __name__ == "__main__":
    threading.Thread(target=_end_with_starter, daemon=True).start()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
