"""Models over sessions and people, each term with its interval or the reason why it has none."""
