"""Replay: a recording published over LSL as if its devices were there."""
