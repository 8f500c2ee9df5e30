"""Corrections by hand, as the estimators take them: data at their time."""
