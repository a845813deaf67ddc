"""A model that follows a script, so that the examples need no account. Put a real one in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.genai import types

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from google.adk.models.llm_request import LlmRequest

__all__ = ["ScriptedModel", "call", "say"]


class ScriptedModel(BaseLlm):
    """Answers with one part after the other.

    Attributes:
        script: The answers; the last one is repeated.
    """

    script: list[types.Part]

    async def generate_content_async(
        self,
        llm_request: LlmRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002 - ADK's signature
    ) -> AsyncGenerator[LlmResponse, None]:
        """Answers one request."""
        answered = sum(content.role == "model" for content in llm_request.contents)
        part = self.script[min(answered, len(self.script) - 1)]
        yield LlmResponse(content=types.Content(role="model", parts=[part]))


def call(tool: str, **arguments: Any) -> types.Part:
    """The model calls a tool."""
    return types.Part.from_function_call(name=tool, args=arguments)


def say(text: str) -> types.Part:
    """The model answers."""
    return types.Part(text=text)
