"""Entry point of the read function: loads and lists; it may not write."""

from artifact_api.edge import entrypoint
from artifact_api.operations.batch_describe import batch_describe
from artifact_api.operations.batch_load import batch_load
from artifact_api.operations.create_link import create_link
from artifact_api.operations.describe_deletion import describe_deletion
from artifact_api.operations.describe_version import describe_version
from artifact_api.operations.health import health
from artifact_api.operations.list_artifacts import list_artifacts
from artifact_api.operations.list_versions import list_versions
from artifact_api.operations.load_artifact import load_artifact

handler = entrypoint(
    "read",
    {
        "load_artifact": load_artifact,
        "list_artifacts": list_artifacts,
        "list_versions": list_versions,
        "describe_version": describe_version,
        "batch_load": batch_load,
        "batch_describe": batch_describe,
        "describe_deletion": describe_deletion,
        "health": health,
        "create_link": create_link,
    },
)
