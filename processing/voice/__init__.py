"""Voice: from rows of prosody to what a person's voice does, against their own baseline."""
