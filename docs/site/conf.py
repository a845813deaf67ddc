"""The documentation site: every page of this repository as it is, and the reference made from the code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from google_adk_aws import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))

project = "Artifact API"
author = "The authors of google-adk-aws"
version = release = __version__

# The source folder is the repository, so that links between pages lead where they lead there.
root_doc = "docs/index"
include_patterns = ["*.md", "client/*.md", "examples/*.md", "docs/**.md", "docs/adr/*.md"]
exclude_patterns = ["docs/site"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "http_reference",
    "whole_reference",
]
# What docstrings put between single backticks is code.
default_role = "code"

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

# Methods are often written in a private base: told as far up as ours, not those of what is imported.
_NOT_OURS = "ABC,Auth,BaseArtifactService,BaseException,Enum,object,tuple"
autodoc_default_options = {"members": True, "show-inheritance": True, "inherited-members": _NOT_OURS}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_extra_path = ["redirect"]
html_title = f"Artifact API {release}"
html_show_copyright = False


def setup(app: Sphinx) -> None:
    """Puts the decisions below their list in the navigation; the page itself is read on GitHub, too."""

    def add_decisions(_: Sphinx, page: str, source: list[str]) -> None:
        if page == "docs/adr/README":
            source[0] += "\n:::{toctree}\n:hidden:\n:glob:\n0*\n:::\n"

    app.connect("source-read", add_decisions)
