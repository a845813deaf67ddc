"""An agent on Google Cloud that keeps its artifacts on AWS: no AWS key, only the identity that it has there.

    ADK_ARTIFACTS_URL=https://….execute-api.eu-west-1.amazonaws.com ARTIFACT_AUDIENCE=artifacts \
        python examples/google_cloud_agent.py     # on Cloud Run, GKE, Compute Engine or Agent Engine

The stack has `AuthMode=JWT`, `JwtIssuer=https://accounts.google.com`, `JwtAudience=artifacts`, and names the service
account in `JwtPrincipals`: docs/authorization.md.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Any

from google.genai import types

from google_adk_aws import GoogleIdToken, HttpArtifactService

URL = os.environ.get("ADK_ARTIFACTS_URL", "http://127.0.0.1:8080")
AUDIENCE = os.environ.get("ARTIFACT_AUDIENCE", "artifacts")


async def main() -> None:
    """Saves and loads, as any runner with this service does."""
    user = f"ada-{uuid.uuid4().hex[:8]}"
    owner: dict[str, Any] = {"app_name": "reports", "user_id": user, "session_id": "s1", "filename": "report.md"}
    async with HttpArtifactService(URL, auth=GoogleIdToken(AUDIENCE)) as artifacts:
        version = await artifacts.save_artifact(**owner, artifact=types.Part(text="Written on Google Cloud."))
        report = await artifacts.load_artifact(**owner)
        print(f"version {version}: {report.text if report else None}")


if __name__ == "__main__":
    asyncio.run(main())
