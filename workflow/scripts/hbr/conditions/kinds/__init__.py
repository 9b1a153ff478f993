"""Kinds of conditions: one file each, found by its name; each defines ``KIND``."""
