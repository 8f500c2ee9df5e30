"""What a device kept over a drop-out: which samples are missing, where they are, where they go."""
