"""Ratings afterwards: a window with the scale alone, big; two moments to compare; what is seen with it."""
