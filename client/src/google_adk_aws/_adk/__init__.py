"""What ADK's interface means, whatever the artifacts are reached by."""
