"""What live and offline synchrony share: lag tables, peaks, and what chance alone would give."""
