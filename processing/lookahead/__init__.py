"""Estimators that look ahead, for finished recordings only: never part of the pipeline."""
