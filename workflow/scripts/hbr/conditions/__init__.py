"""Conditions: functions that turn hardness into plans."""
