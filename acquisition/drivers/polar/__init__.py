"""Polar belts and bands: what they send over the air, and what the memory of an H10 keeps over a drop-out."""
