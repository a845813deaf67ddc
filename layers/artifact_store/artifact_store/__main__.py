"""`python -m artifact_store`: what keeps bucket and index in agreement, by hand."""

import sys

from artifact_store.maintenance.command import main

if __name__ == "__main__":
    sys.exit(main())
