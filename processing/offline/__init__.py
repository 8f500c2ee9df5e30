"""What needs the whole session: look-ahead versions, session metrics, synchrony with surrogates."""
