"""State of recording and devices, in shapes and words."""
