"""Arousal: the arousal index of one person, its reference band, baselines and excursions."""
