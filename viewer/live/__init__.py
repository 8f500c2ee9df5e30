"""A running recording: its process, set-up, baselines, markers, the demonstration."""
