"""Tests of ratings as a stream."""
