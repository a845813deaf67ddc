"""Entry point of the write function: saves; it may not delete what is committed."""

from artifact_api.edge import entrypoint
from artifact_api.save_artifact import save_artifact

handler = entrypoint("write", {"save_artifact": save_artifact})
