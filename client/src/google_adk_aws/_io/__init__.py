"""Files, streams, threads and processes of this machine."""
