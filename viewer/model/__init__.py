"""All that the window shows, as data. No Qt."""
