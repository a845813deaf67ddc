"""An agent that writes a report, and goes on with it in another session.

    make run                          # in another terminal
    python examples/report_agent.py   # ADK_ARTIFACTS_URL for another API

The report belongs to the user (`user:`), so every session of that user finds it; each change is a new version, and none
is lost when two sessions write at the same time.
"""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import Any

from google.adk.agents import LlmAgent
from google.adk.apps import App
from google.adk.runners import Runner
from google.adk.sessions import InMemorySessionService
from google.adk.tools.tool_context import ToolContext  # noqa: TC002 - ADK reads the tool's annotations
from google.genai import types
from scripted import ScriptedModel, call, say

from google_adk_aws import HttpArtifactService

URL = os.environ.get("ADK_ARTIFACTS_URL", "http://127.0.0.1:8080")
REPORT = "user:report.md"


async def add_section(title: str, text: str, tool_context: ToolContext) -> dict[str, int]:
    """Adds a section to the report."""
    so_far = await tool_context.load_artifact(REPORT)
    before = (so_far.text or "") if so_far else "# Report\n"
    report = types.Part(text=f"{before}\n## {title}\n\n{text}\n")
    return {"version": await tool_context.save_artifact(REPORT, report, custom_metadata={"section": title})}


def agent(title: str, text: str) -> LlmAgent:
    """An agent whose model adds one section."""
    script = [call("add_section", title=title, text=text), say(f"I wrote about {title.lower()}.")]
    return LlmAgent(name="writer", model=ScriptedModel(model="scripted", script=script), tools=[add_section])


async def main() -> None:
    """Two sessions of one user write one report."""
    user = f"ada-{uuid.uuid4().hex[:8]}"
    sessions = InMemorySessionService()
    async with HttpArtifactService(URL) as artifacts:
        for session, title, text in (("monday", "Sales", "They rose."), ("tuesday", "Outlook", "They will rise.")):
            await sessions.create_session(app_name="reports", user_id=user, session_id=session)
            app = App(name="reports", root_agent=agent(title, text))
            runner = Runner(app=app, session_service=sessions, artifact_service=artifacts)
            asked = types.Content(role="user", parts=[types.Part(text=f"Write about {title.lower()}.")])
            async for event in runner.run_async(user_id=user, session_id=session, new_message=asked):
                for part in event.content.parts or [] if event.content else []:
                    if part.text:
                        print(f"{session}: {part.text}")
        owner: dict[str, Any] = {"app_name": "reports", "user_id": user, "session_id": "wednesday", "filename": REPORT}
        print("versions:", await artifacts.list_versions(**owner))
        report = await artifacts.load_artifact(**owner)
        print(report.text if report else "nothing")


if __name__ == "__main__":
    asyncio.run(main())
