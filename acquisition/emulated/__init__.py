"""Emulated wearables on Bumble: twins of the real ones for demos and tests."""
