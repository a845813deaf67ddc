"""The documentation site: every page of this repository as it is, and the reference made from the code."""

from __future__ import annotations

import sys
from pathlib import Path

from google_adk_aws import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "Artifact API"
author = "The authors of google-adk-aws"
version = release = __version__

# The source folder is the repository, so that links between pages lead where they lead there.
root_doc = "docs/index"
include_patterns = ["*.md", "examples/*.md", "docs/**.md", "docs/adr/*.md"]
exclude_patterns = ["docs/site"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "http_reference",
]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True, "inherited-members": False}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_extra_path = ["redirect"]
html_title = f"Artifact API {release}"
html_show_copyright = False
