"""Nuanic rings, experimental: skin conductance over the air, and what a ring keeps over a drop-out."""
