"""Lists of beats and how far two agree."""
