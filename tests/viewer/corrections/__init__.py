"""The correction editor."""
