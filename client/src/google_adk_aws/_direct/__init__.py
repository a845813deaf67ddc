"""Artifacts straight on S3: the store in threads of this process."""
