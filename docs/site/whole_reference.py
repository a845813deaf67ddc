"""Sphinx extension: a public method that the Python reference leaves out is a warning, which fails the build."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Final

from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.util.typing import ExtensionMetadata

PACKAGES: Final = ("google_adk_aws", "google_adk_aws.testing", "google_adk_aws.migration")
OURS: Final = ("google_adk_aws", "artifact_store")

logger = logging.getLogger(__name__)


def promised() -> Iterator[str]:
    """The full name of every public method of every public class, wherever of ours it is written."""
    for package in map(import_module, PACKAGES):
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isclass(value):
                for method, function in inspect.getmembers(value, inspect.isfunction):
                    if not method.startswith("_") and function.__module__.startswith(OURS):
                        yield f"{package.__name__}.{name}.{method}"


def compare(app: Sphinx, error: Exception | None) -> None:
    """Looks for what is promised in what was written."""
    if error is None:
        told = {name for name, *_ in app.env.domains["py"].get_objects()}
        # A second name of the same class is told at the first.
        for name in promised():
            if name not in told and name.rpartition(".")[0] in told:
                logger.warning("the Python reference leaves out %s", name)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Called by Sphinx."""
    app.connect("build-finished", compare)
    return {"version": "1", "parallel_read_safe": True}
