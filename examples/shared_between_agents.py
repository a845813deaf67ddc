"""Two agents on one artifact: an agent that draws is another one's tool.

    make run                                   # in another terminal
    python examples/shared_between_agents.py

ADK's `AgentTool` forwards artifacts: what the inner agent saves is saved for the outer agent's session, by the outer
runner's artifact service.
"""

from __future__ import annotations

import asyncio
import os
import uuid

from google.adk.agents import LlmAgent
from google.adk.apps import App
from google.adk.runners import Runner
from google.adk.sessions import InMemorySessionService
from google.adk.tools.agent_tool import AgentTool
from google.adk.tools.tool_context import ToolContext  # noqa: TC002 - ADK reads the tool's annotations
from google.genai import types
from scripted import ScriptedModel, call, say

from google_adk_aws import HttpArtifactService

URL = os.environ.get("ADK_ARTIFACTS_URL", "http://127.0.0.1:8080")
CHART = "charts/q1.svg"


async def draw(tool_context: ToolContext) -> str:
    """Draws the chart."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 8 4 5l2 1 2-4"/></svg>'
    await tool_context.save_artifact(CHART, types.Part.from_bytes(data=svg, mime_type="image/svg+xml"))
    return f"saved as {CHART}"


async def look(tool_context: ToolContext) -> str:
    """Looks at the chart."""
    chart = await tool_context.load_artifact(CHART)
    blob = chart.inline_data if chart else None
    return f"{blob.mime_type}, {len(blob.data or b'')} bytes" if blob else "there is no chart"


PAINTER = LlmAgent(
    name="painter",
    description="Draws charts.",
    model=ScriptedModel(model="scripted", script=[call("draw"), say("The chart is drawn.")]),
    tools=[draw],
)
EDITOR = LlmAgent(
    name="editor",
    model=ScriptedModel(
        model="scripted", script=[call("painter", request="Draw Q1."), call("look"), say("I have seen the chart.")]
    ),
    tools=[AgentTool(PAINTER), look],
)


async def main() -> None:
    """The editor has a chart drawn, and looks at it."""
    user = f"ada-{uuid.uuid4().hex[:8]}"
    sessions = InMemorySessionService()
    await sessions.create_session(app_name="press", user_id=user, session_id="s1")
    async with HttpArtifactService(URL) as artifacts:
        runner = Runner(app=App(name="press", root_agent=EDITOR), session_service=sessions, artifact_service=artifacts)
        asked = types.Content(role="user", parts=[types.Part(text="Have Q1 drawn.")])
        async for event in runner.run_async(user_id=user, session_id="s1", new_message=asked):
            for part in event.content.parts or [] if event.content else []:
                if part.function_response:
                    print(f"{part.function_response.name}: {part.function_response.response}")
                if part.text:
                    print(part.text)
        print(await artifacts.list_artifact_keys(app_name="press", user_id=user, session_id="s1"))


if __name__ == "__main__":
    asyncio.run(main())
