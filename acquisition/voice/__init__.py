"""Speech to prosody: who speaks, and how, from samples that are held in memory for less than a second."""
