"""What ADK's commands find by this folder's name."""

from . import agent

__all__ = ["agent"]
