"""What several sessions of one person or one dyad hold together."""
