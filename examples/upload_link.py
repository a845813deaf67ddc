"""A person sends an agent a file by a link, and gets a link back: for chats, whose users have no credentials.

    make run                         # in another terminal
    python examples/upload_link.py

The bot asks for a link; the person's browser sends the file straight to the storage; the bot finalizes it, which makes
it a version; the agent loads it; the person gets a link that downloads the answer. No file goes through the bot.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import uuid
from typing import Any

import httpx

from google_adk_aws import ArtifactClient, ArtifactId, HttpArtifactService, UploadLink

URL = os.environ.get("ADK_ARTIFACTS_URL", "http://127.0.0.1:8080")


async def person_uploads(link: UploadLink, content: bytes) -> None:
    """What the person's browser does: one PUT with the link's headers, and nothing else."""
    async with httpx.AsyncClient() as browser:
        answer = await browser.put(link.url, headers=dict(link.headers), content=content)
        print("uploaded:", answer.status_code)


async def main() -> None:
    """One file there, one answer back."""
    user = f"ada-{uuid.uuid4().hex[:8]}"
    names = {"app": "helpdesk", "user": user, "session": "thread-17"}
    scan = ArtifactId.of(**names, filename="scan.pdf")
    content = b"%PDF-1.4 " + bytes(300_000)
    async with ArtifactClient(URL) as bot, HttpArtifactService(URL) as artifacts:
        link = await bot.create_upload_url(
            scan, size=len(content), mime_type="application/pdf", sha256=hashlib.sha256(content).hexdigest()
        )
        await person_uploads(link, content)
        saved = await bot.finalize_upload(link, display_name="Scan.pdf", custom_metadata={"from": "chat"})
        print(f"version {saved.version}, {saved.size:,} bytes, {saved.custom_metadata}")

        owner: dict[str, Any] = {"app_name": "helpdesk", "user_id": user, "session_id": "thread-17"}
        part = await artifacts.load_artifact(**owner, filename="scan.pdf")
        blob = part.inline_data if part else None
        print("the agent sees:", blob.display_name if blob else None, len(blob.data or b"") if blob else 0)

        answer = await bot.save(ArtifactId.of(**names, filename="answer.txt"), b"All is well.", mime_type="text/plain")
        download = await bot.create_download_url(ArtifactId.of(**names, filename="answer.txt"), expires_in=600)
        async with httpx.AsyncClient() as browser:
            read = await browser.get(download.url, headers=dict(download.headers))
        print(f"the person reads version {answer.version}: {read.text}")


if __name__ == "__main__":
    asyncio.run(main())
