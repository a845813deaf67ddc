"""An ADK agent that keeps its files in the artifact API. Run it with `make demo`.

Everything is real but the model, which is scripted so that no network is needed: ADK's Runner, its plugin that saves
uploaded files, its tool that loads artifacts, the HTTP client, the functions, and an embedded S3 and DynamoDB.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import struct
import sys
import warnings
import wave
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any

from google.adk.agents import LlmAgent
from google.adk.apps import App
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.adk.plugins.save_files_as_artifacts_plugin import SaveFilesAsArtifactsPlugin
from google.adk.runners import Runner
from google.adk.sessions import InMemorySessionService
from google.adk.tools.load_artifacts_tool import LoadArtifactsTool
from google.adk.tools.tool_context import ToolContext  # noqa: TC002 - ADK reads the tool's annotations
from google.genai import types

from google_adk_aws import HttpArtifactService
from local import LocalApi

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from google.adk.models.llm_request import LlmRequest

APP, USER, SESSION = "demo", "ann@example.com", "s1"


def pdf() -> bytes:
    """A PDF of one page that says hello."""
    text = b"BT /F1 24 Tf 40 60 Td (Hello from the artifact API) Tj ET"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 90] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >>>>>>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    file, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 6\n0000000000 65535 f \n" + table
    return file + head + b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(file)


def png(*, size: int = 64) -> bytes:
    """A square PNG picture with a gradient."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + bytes(c for x in range(size) for c in (255 * x // size, 255 * y // size, 128)) for y in range(size)
    )
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def wav() -> bytes:
    """Half a second of a square wave."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"".join(struct.pack("<h", 8000 if n // 9 % 2 else -8000) for n in range(4000)))
    return buffer.getvalue()


FILES = {
    "quarterly report.pdf": ("application/pdf", pdf()),
    "charts/q1.png": ("image/png", png()),
    "user:voice.wav": ("audio/wav", wav()),
    "notes ü.txt": ("text/plain", "Kept for ever — also as text.".encode()),
}


def say(text: str) -> None:
    """Print a line now."""
    print(text, flush=True)


def digest(content: bytes) -> str:
    """A short name of some bytes."""
    return hashlib.sha256(content).hexdigest()[:12]


class ScriptedModel(BaseLlm):
    """Does what a model would do with files: asks for them, looks at them, writes a summary."""

    async def generate_content_async(
        self,
        llm_request: LlmRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002 - ADK's signature
    ) -> AsyncGenerator[LlmResponse, None]:
        """Answer one request of the Runner."""
        yield LlmResponse(content=types.Content(role="model", parts=[self._next_part(llm_request)]))

    def _next_part(self, request: LlmRequest) -> types.Part:
        parts = [part for content in request.contents for part in content.parts or []]
        called = [part.function_response.name for part in parts if part.function_response]
        if "load_artifacts" not in called:
            told = str(request.config.system_instruction)
            known = [name for name in FILES if json.dumps(name) in told]
            say(f"  model: I am told of {len(known)} artifacts, and ask for them: {', '.join(known)}")
            return types.Part.from_function_call(name="load_artifacts", args={"artifact_names": known})
        if "save_summary" not in called:
            seen = [part.inline_data for part in parts if part.inline_data]
            for blob in seen:
                content = blob.data or b""
                say(f"  model: I see {blob.mime_type}, {len(content)} bytes, sha256 {digest(content)}…")
            texts = [part.text for part in parts if part.text and "Kept for ever" in part.text]
            say(f"  model: I read {texts[0]!r}" if texts else "  model: I was given no text")
            summary = f"{len(seen) + len(texts)} files were looked at."
            return types.Part.from_function_call(name="save_summary", args={"text": summary})
        return types.Part(text="I looked at all of them and saved a summary.")


async def save_summary(text: str, tool_context: ToolContext) -> dict[str, Any]:
    """Save a summary as an artifact."""
    version = await tool_context.save_artifact("summary.md", types.Part(text=text), custom_metadata={"by": "the agent"})
    return {"saved": "summary.md", "version": version}


def runner(artifacts: HttpArtifactService, sessions: InMemorySessionService) -> Runner:
    """A runner as an application would make it."""
    agent = LlmAgent(name="clerk", model=ScriptedModel(model="scripted"), tools=[LoadArtifactsTool(), save_summary])
    app = App(name=APP, root_agent=agent, plugins=[SaveFilesAsArtifactsPlugin()])
    return Runner(app=app, artifact_service=artifacts, session_service=sessions)


async def talk(url: str) -> None:
    """Upload the files, let the agent work, and look at what is stored with a second client."""
    sessions = InMemorySessionService()
    await sessions.create_session(app_name=APP, user_id=USER, session_id=SESSION)

    say("\n1. A user sends four files to the agent.")
    uploads = [
        types.Part(inline_data=types.Blob(mime_type=kind, data=content, display_name=name))
        for name, (kind, content) in FILES.items()
    ]
    message = types.Content(role="user", parts=[types.Part(text="Please look at these."), *uploads])
    async with HttpArtifactService(url) as artifacts:
        async for event in runner(artifacts, sessions).run_async(user_id=USER, session_id=SESSION, new_message=message):
            for name, version in event.actions.artifact_delta.items():
                say(f"  saved: {name}, version {version}")
            for part in event.content.parts or [] if event.content else []:
                if part.text:
                    say(f"  agent: {part.text}")

    say("\n2. Another client, with nothing but the URL, finds all of it.")
    async with HttpArtifactService(url) as artifacts:
        await look_around(artifacts)


async def look_around(artifacts: HttpArtifactService) -> None:
    """List, compare, save again, delete."""
    place: dict[str, Any] = {"app_name": APP, "user_id": USER, "session_id": SESSION}
    for name in await artifacts.list_artifact_keys(**place):
        found = await artifacts.get_artifact_version(**place, filename=name)
        if found:
            say(f"  {name}: version {found.version}, {found.mime_type}, {found.canonical_uri}")
    for name, (mime_type, content) in FILES.items():
        if await load(artifacts, place, name) != types.Blob(mime_type=mime_type, data=content, display_name=name):
            sys.exit(f"{name} came back changed.")
    say(f"  all {len(FILES)} files came back byte for byte, with their types and names")

    say("\n3. The voice belongs to the user: another session has it too.")
    say(f"  in session s2: {await artifacts.list_artifact_keys(app_name=APP, user_id=USER, session_id='s2')}")

    say("\n4. A picture is saved again, read in both versions, and deleted.")
    name, picture = "charts/q1.png", types.Part.from_bytes(data=png(size=8), mime_type="image/png")
    version = await artifacts.save_artifact(**place, filename=name, artifact=picture)
    say(f"  saved version {version}; all: {await artifacts.list_versions(**place, filename=name)}")
    for wanted in (0, None):
        blob = await load(artifacts, place, name, version=wanted)
        say(f"  version {'latest' if wanted is None else wanted}: {len(blob.data or b'')} bytes")
    await artifacts.delete_artifact(**place, filename=name)
    say(f"  deleted; loading it gives {await artifacts.load_artifact(**place, filename=name)}")


async def load(
    artifacts: HttpArtifactService, place: dict[str, Any], name: str, *, version: int | None = None
) -> types.Blob:
    """Load a file that must be there."""
    part = await artifacts.load_artifact(**place, filename=name, version=version)
    if part is None or part.inline_data is None:
        sys.exit(f"{name} is missing.")
    return part.inline_data


def main() -> None:
    """Start the API in memory and talk to it."""
    # ADK announces its experimental parts and unset keys; nothing here depends on them.
    warnings.filterwarnings("ignore", module=r"google\.adk\.")
    logging.getLogger("google_adk").setLevel(logging.ERROR)
    say("Starting the API on this machine…")
    with LocalApi() as api:
        say(f"It runs on {api.url}, over an embedded S3 and DynamoDB.")
        asyncio.run(talk(api.url))
    say("\nDone. To keep data and use it with your own agents: make run")


if __name__ == "__main__":
    main()
