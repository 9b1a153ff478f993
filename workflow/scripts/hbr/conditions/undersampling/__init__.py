"""What classes that shrink lose: one file a strategy, found by its name; each defines ``drop``."""
