"""Ratings afterwards: what somebody says of a finished recording all the time, in files beside it."""
