"""Tests of the rating window."""
