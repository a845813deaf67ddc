"""`ArtifactClient`: the artifact API for programs."""
