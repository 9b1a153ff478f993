"""The audit: whether a finished study still is what it was, and whether its numbers follow from its artifacts."""
