"""Chunks in, index samples out: pure computation, the same live and offline."""
