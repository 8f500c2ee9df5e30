"""Review of a finished recording: its events, edits, cued and joint replay."""
