"""Many items in a few requests, with a result for each."""
