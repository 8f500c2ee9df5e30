"""Many sessions: one store of their tables, what they hold together, and a report of it."""
