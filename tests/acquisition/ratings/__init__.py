"""Tests of ratings beside a recording."""
