"""Sphinx extension: the directive `http-reference`, which writes out the API's OpenAPI file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from jinja2 import Environment, FileSystemLoader
from sphinx.util.docutils import SphinxDirective

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

HERE = Path(__file__).parent
API = HERE.parent / "openapi.json"
METHODS = ("get", "head", "post", "put", "delete")


def written(api: dict[str, Any]) -> str:
    """The reference as Markdown."""

    def meant(node: dict[str, Any]) -> dict[str, Any]:
        """What a reference to a component stands for."""
        if "$ref" not in node:
            return node
        _, components, kind, name = node["$ref"].split("/")
        found: dict[str, Any] = api[components][kind][name]
        return found

    operations = [
        {
            "method": method.upper(),
            "path": path,
            "tag": operation["tags"][0],
            "summary": operation["summary"],
            "description": operation.get("description", ""),
            "parameters": [meant(one) for one in [*methods.get("parameters", []), *operation.get("parameters", [])]],
            "body": operation.get("requestBody"),
            "responses": {status: meant(answer) for status, answer in operation["responses"].items()},
        }
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
        if method in METHODS
    ]
    # What is filled in is Markdown, not HTML.
    jinja = Environment(loader=FileSystemLoader(HERE), autoescape=False, trim_blocks=False)  # noqa: S701
    return jinja.get_template("http_reference.md.jinja").render(api=api, operations=operations)


class HttpReference(SphinxDirective):
    """Every operation and schema of the API."""

    has_content: ClassVar[bool] = False

    def run(self) -> list[nodes.Node]:
        """Writes it out, and reads that."""
        self.env.note_dependency(API)
        return self.parse_text_to_nodes(written(json.loads(API.read_text())), allow_section_headings=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Registers the directive."""
    app.add_directive("http-reference", HttpReference)
    return {"parallel_read_safe": True}
