"""Events: their vocabulary, the intervals they open and close, pauses, and later edits."""
