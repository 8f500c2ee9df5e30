"""Tables as programs write them: their dialects, cells, names and columns."""
