"""Session metrics: what the hour held, each with its definition, interval and reason."""
