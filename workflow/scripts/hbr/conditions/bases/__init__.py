"""Bases that conditions are planned on: one file a kind, found by its name; each defines ``BASE``."""
