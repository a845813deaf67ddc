"""Entry point of the write function: saves and uploads; it may not delete what is committed."""

from artifact_api.edge import entrypoint
from artifact_api.operations.abort_upload import abort_upload
from artifact_api.operations.batch_save import batch_save
from artifact_api.operations.begin_upload import begin_upload
from artifact_api.operations.describe_upload import describe_upload
from artifact_api.operations.finalize_upload import finalize_upload
from artifact_api.operations.save_artifact import save_artifact
from artifact_api.operations.sign_upload_parts import sign_upload_parts

handler = entrypoint(
    "write",
    {
        "save_artifact": save_artifact,
        "batch_save": batch_save,
        "begin_upload": begin_upload,
        "sign_upload_parts": sign_upload_parts,
        "describe_upload": describe_upload,
        "finalize_upload": finalize_upload,
        "abort_upload": abort_upload,
    },
)
