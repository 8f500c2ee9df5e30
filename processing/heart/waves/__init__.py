"""Waves that pass for beats, those that hide some, and those that last too long for a heart."""
