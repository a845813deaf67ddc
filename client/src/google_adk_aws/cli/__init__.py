"""The command line: artifacts from a shell."""
