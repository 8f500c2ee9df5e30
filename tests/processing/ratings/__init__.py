"""Tests of what is made of ratings."""
