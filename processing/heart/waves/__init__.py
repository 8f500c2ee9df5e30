"""Waves that pass for beats, and those that hide some."""
