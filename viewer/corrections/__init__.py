"""Correcting beats, responses and stretches of a finished recording by hand."""
