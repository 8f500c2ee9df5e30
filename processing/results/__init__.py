"""Results: one recording processed, and what is written of it, all or nothing."""
