"""Synchrony of a whole session against what chance would give: permutations, shifts, pseudo-dyads."""
