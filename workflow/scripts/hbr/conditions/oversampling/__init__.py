"""What classes that grow get: one file a strategy, found by its name; each defines ``add``."""
