"""Simulated cohorts whose truth is known, in the tables of the store."""
