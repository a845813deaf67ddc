"""Entry point of the delete function."""

from artifact_api.delete_artifact import delete_artifact
from artifact_api.edge import entrypoint

handler = entrypoint("delete", {"delete_artifact": delete_artifact})
