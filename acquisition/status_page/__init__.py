"""The status page: whether it records, on a phone outside; nothing that was measured, and no codes."""
