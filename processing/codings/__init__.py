"""Codings: what raters marked, from this or other programs, and how well they agree."""
