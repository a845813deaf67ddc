"""What ADK builds on an artifact service: the plugin that saves uploads, the tool that loads artifacts, rewinding."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

import pytest
from google.adk.agents import LlmAgent
from google.adk.apps import App
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_request import LlmRequest  # noqa: TC002 - pydantic reads the annotation
from google.adk.models.llm_response import LlmResponse
from google.adk.plugins.save_files_as_artifacts_plugin import SaveFilesAsArtifactsPlugin
from google.adk.runners import Runner
from google.adk.sessions.in_memory_session_service import InMemorySessionService
from google.adk.tools.load_artifacts_tool import LoadArtifactsTool
from google.adk.tools.tool_context import ToolContext  # noqa: TC002 - ADK reads the annotation
from google.genai import types
from pydantic import Field

if TYPE_CHECKING:
    from tests.conformance.backends import Box

# ADK warns about its own features.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


class ScriptedModel(BaseLlm):
    """Says what the test has written down, and remembers what it was given."""

    model: str = "scripted"
    script: list[types.Part] = Field(default_factory=list)
    given: list[LlmRequest] = Field(default_factory=list)

    async def generate_content_async(
        self,
        llm_request: LlmRequest,
        stream: bool = False,  # noqa: FBT001, FBT002 - ADK's signature
    ) -> AsyncGenerator[LlmResponse, None]:
        self.given.append(llm_request)
        yield LlmResponse(content=types.Content(role="model", parts=[self.script.pop(0)]))


async def save_note(text: str, tool_context: ToolContext) -> dict[str, int]:
    """Saves a note."""
    return {"version": await tool_context.save_artifact("note.txt", types.Part(text=text))}


class Chat:
    """A conversation with an agent whose artifacts are a box's."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.model = ScriptedModel()
        agent = LlmAgent(name="agent", model=self.model, tools=[LoadArtifactsTool(), save_note])
        self.app = App(name="agents", root_agent=agent, plugins=[SaveFilesAsArtifactsPlugin()])
        self.sessions = InMemorySessionService()
        self.runner = Runner(
            app=self.app, app_name=box.app, session_service=self.sessions, artifact_service=box.service
        )

    async def say(self, *parts: types.Part, answers: list[types.Part]) -> list[Any]:
        self.model.script = answers
        self.model.given = []
        owner: dict[str, Any] = {"user_id": self.box.user, "session_id": self.box.session}
        if await self.sessions.get_session(app_name=self.box.app, **owner) is None:
            await self.sessions.create_session(app_name=self.box.app, **owner)
        message = types.Content(role="user", parts=list(parts))
        return [event async for event in self.runner.run_async(**owner, new_message=message)]

    async def rewind(self, invocation_id: str) -> None:
        await self.runner.rewind_async(
            user_id=self.box.user, session_id=str(self.box.session), rewind_before_invocation_id=invocation_id
        )


def load_artifacts(*names: str) -> types.Part:
    call = types.FunctionCall(name="load_artifacts", args={"artifact_names": list(names)})
    return types.Part(function_call=call)


async def test_an_upload_becomes_an_artifact_that_the_model_can_load(box: Box) -> None:
    chat = Chat(box)
    upload = types.Part(inline_data=types.Blob(data=PNG, mime_type="image/png", display_name="q1/chart.png"))
    await box.save("user:style guide.txt", types.Part(text="Use serifs."))
    await chat.say(
        upload,
        types.Part(text="What is in it?"),
        answers=[load_artifacts("q1/chart.png", "user:style guide.txt"), types.Part(text="A chart.")],
    )
    assert await box.load("q1/chart.png") == upload
    first, second = chat.model.given
    # The plugin put a placeholder in place of the file; an s3:// URI is not handed to the model.
    assert [part.text for part in first.contents[0].parts or []] == [
        '[Uploaded Artifact: "q1/chart.png"]',
        "What is in it?",
    ]
    assert '["q1/chart.png", "user:style guide.txt"]' in str(first.config.system_instruction) + str(first.contents)
    parts = [part for content in second.contents for part in content.parts or []]
    assert [part.inline_data.data for part in parts if part.inline_data] == [PNG]
    assert "Use serifs." in [part.text for part in parts]


async def test_a_rewind_takes_artifacts_back(box: Box) -> None:
    chat = Chat(box)

    def save(text: str) -> list[types.Part]:
        call = types.FunctionCall(name="save_note", args={"text": text})
        return [types.Part(function_call=call), types.Part(text="Saved.")]

    first = await chat.say(types.Part(text="Note it."), answers=save("one"))
    second = await chat.say(types.Part(text="Note more."), answers=save("two"))
    assert await box.load("note.txt") == types.Part(text="two")
    await chat.rewind(second[0].invocation_id)
    assert await box.load("note.txt") == types.Part(text="one")
    await chat.rewind(first[0].invocation_id)
    assert await box.load("note.txt") is None
    assert await box.versions("note.txt") == [0, 1, 2, 3]
    assert await box.names() == ["note.txt"]
