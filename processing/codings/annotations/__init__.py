"""Annotations of other programs: tables, ELAN, Praat TextGrid, WebVTT and SubRip."""
