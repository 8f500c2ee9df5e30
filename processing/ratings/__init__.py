"""Ratings of an hour: raters against each other, against the indices, as labels of the tolerated window."""
