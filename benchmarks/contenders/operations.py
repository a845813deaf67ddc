"""What is measured: each operation on any of ADK's artifact services, with its outcome for comparison.

An outcome is a number that must be the same for every contender: bytes loaded, names listed, versions listed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from google.adk.agents.invocation_context import InvocationContext
from google.adk.artifacts.base_artifact_service import BaseArtifactService
from google.adk.models.llm_request import LlmRequest
from google.adk.sessions import InMemorySessionService, Session
from google.adk.tools.load_artifacts_tool import LoadArtifactsTool
from google.adk.tools.tool_context import ToolContext
from google.genai import types

Target = Mapping[str, Any]
"""`app_name`, `user_id`, `session_id` and, where one artifact is meant, `filename`."""

Operation = Callable[[BaseArtifactService, Target, Mapping[str, Any]], Awaitable[object]]


def content(size: int) -> types.Part:
    """A part that does not compress, of a type that the model takes as it is."""
    return types.Part.from_bytes(data=os.urandom(size), mime_type="image/png")


async def save(service: BaseArtifactService, target: Target, options: Mapping[str, Any]) -> object:
    return await service.save_artifact(**target, artifact=content(options["size"]))


async def load(service: BaseArtifactService, target: Target, options: Mapping[str, Any]) -> object:
    part = await service.load_artifact(**target, version=options.get("version"))
    return len(part.inline_data.data or b"") if part and part.inline_data else None


async def list_names(service: BaseArtifactService, target: Target, _: Mapping[str, Any]) -> object:
    return len(await service.list_artifact_keys(**target))


async def list_versions(service: BaseArtifactService, target: Target, _: Mapping[str, Any]) -> object:
    return len(await service.list_versions(**target))


async def versions_with_metadata(service: BaseArtifactService, target: Target, _: Mapping[str, Any]) -> object:
    return len(await service.list_artifact_versions(**target))


async def describe(service: BaseArtifactService, target: Target, _: Mapping[str, Any]) -> object:
    version = await service.get_artifact_version(**target)
    return version.version if version else None


async def delete(service: BaseArtifactService, target: Target, _: Mapping[str, Any]) -> object:
    await service.delete_artifact(**target)
    return None


async def race(service: BaseArtifactService, target: Target, options: Mapping[str, Any]) -> object:
    """Many savers of one name at once; returns how many versions were saved, doubled, and how many savers failed."""

    async def saver() -> object:
        async with asyncio.timeout(options["patience"]):
            return await save(service, target, options)

    outcomes = await asyncio.gather(*(saver() for _ in range(options["savers"])), return_exceptions=True)
    versions = [outcome for outcome in outcomes if isinstance(outcome, int)]
    return {
        "saved": len(set(versions)),
        "doubled": len(versions) - len(set(versions)),
        "failed": len(outcomes) - len(versions),
    }


async def turn(service: BaseArtifactService, target: Target, options: Mapping[str, Any]) -> object:
    """A turn of an agent whose model asked for artifacts, by ADK's own tool; returns how many it was given."""
    session = Session(id=target["session_id"], app_name=target["app_name"], user_id=target["user_id"])
    context = InvocationContext(
        artifact_service=service,
        session_service=InMemorySessionService(),
        invocation_id="turn",
        session=session,
    )
    asked = types.Part.from_function_response(name="load_artifacts", response={"artifact_names": options["names"]})
    request = LlmRequest(contents=[types.Content(role="user", parts=[asked])])
    await LoadArtifactsTool().process_llm_request(tool_context=ToolContext(context), llm_request=request)
    return len(request.contents) - 1


async def fill(service: BaseArtifactService, target: Target, options: Mapping[str, Any]) -> object:
    """Saves `options["artifacts"]`: versions by filename."""
    for filename, versions in options["artifacts"].items():
        for _ in range(versions):
            await save(service, {**target, "filename": filename}, options)
    return None


OPERATIONS: Final[dict[str, Operation]] = {
    operation.__name__: operation
    for operation in (
        save,
        load,
        list_names,
        list_versions,
        versions_with_metadata,
        describe,
        delete,
        race,
        turn,
        fill,
    )
}
