"""What the operations on many artifacts have in common."""
