"""`python -m artifact_store`: what keeps bucket and index in agreement, and what examines them, by hand."""

import sys

from artifact_store.checkup.command import add_check
from artifact_store.maintenance.command import main

if __name__ == "__main__":
    sys.exit(main(others=[add_check]))
