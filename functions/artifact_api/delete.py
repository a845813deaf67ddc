"""Entry point of the delete function."""

from artifact_api.edge import entrypoint
from artifact_api.operations.batch_delete import batch_delete
from artifact_api.operations.delete_artifact import delete_artifact
from artifact_api.operations.delete_session import delete_session
from artifact_api.operations.delete_user import delete_user

handler = entrypoint(
    "delete",
    {
        "delete_artifact": delete_artifact,
        "batch_delete": batch_delete,
        "delete_session": delete_session,
        "delete_user": delete_user,
    },
)
