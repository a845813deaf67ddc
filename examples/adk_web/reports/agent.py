"""An agent that draws a chart and writes a paper, to be looked at in `adk web`.

    make run                       # in another terminal
    adk web --artifact_service_uri artifacts+http://127.0.0.1:8080 examples/adk_web

Its model follows a script, so that no account is needed: whatever it is told, it draws, writes and answers. Told again,
it saves the next versions. Put a real model in its place.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

from google.adk.agents import LlmAgent
from google.adk.models.base_llm import BaseLlm
from google.adk.models.llm_response import LlmResponse
from google.adk.tools.tool_context import ToolContext  # noqa: TC002 - ADK reads the tools' annotations
from google.genai import types

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from google.adk.models.llm_request import LlmRequest

_BACKGROUND, _BAR = b"\xf4\xf6\xf5", b"\x1b\x6e\x53"


def chart(heights: Sequence[int], *, width: int = 320, height: int = 180) -> bytes:
    """A PNG of bars; heights in percent."""
    slot = width // len(heights)
    rows = []
    for y in range(height):
        pixels = b"".join(
            _BAR if slot // 5 <= x % slot < slot * 4 // 5 and (height - y) * 100 <= bar * height else _BACKGROUND
            for bar, x in ((heights[min(x // slot, len(heights) - 1)], x) for x in range(width))
        )
        rows.append(b"\0" + pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def paper(text: str) -> bytes:
    """A PDF of one line."""
    drawn = f"BT /F1 24 Tf 40 120 Td ({text}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 240]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 6\n0000000000 65535 f \n%strailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return body + end % (table, len(body))


async def draw_chart(quarter: int, tool_context: ToolContext) -> dict[str, int]:
    """Draws the sales of a quarter."""
    heights = [20 + (quarter * 37 + month * 23) % 75 for month in range(3)]
    image = types.Part.from_bytes(data=chart(heights), mime_type="image/png")
    return {"version": await tool_context.save_artifact("chart.png", image, custom_metadata={"quarter": quarter})}


async def write_paper(quarter: int, tool_context: ToolContext) -> dict[str, int]:
    """Writes a paper about a quarter."""
    document = types.Part.from_bytes(data=paper(f"Sales of quarter {quarter}"), mime_type="application/pdf")
    return {"version": await tool_context.save_artifact("report.pdf", document, custom_metadata={"quarter": quarter})}


class ScriptedModel(BaseLlm):
    """Draws, writes, answers; about the next quarter whenever it is told something."""

    async def generate_content_async(
        self,
        llm_request: LlmRequest,
        stream: bool = False,  # noqa: FBT001, FBT002, ARG002 - ADK's signature
    ) -> AsyncGenerator[LlmResponse, None]:
        """Answers one request."""
        answered = sum(content.role == "model" for content in llm_request.contents)
        quarter, step = answered // 3 + 1, answered % 3
        yield LlmResponse(content=types.Content(role="model", parts=[_answer(step, quarter)]))


def _answer(step: int, quarter: int) -> types.Part:
    arguments: dict[str, Any] = {"quarter": quarter}
    return (
        types.Part.from_function_call(name="draw_chart", args=arguments),
        types.Part.from_function_call(name="write_paper", args=arguments),
        types.Part(text=f"Here are the chart and the paper of quarter {quarter}."),
    )[step]


root_agent = LlmAgent(name="reports", model=ScriptedModel(model="scripted"), tools=[draw_chart, write_paper])
