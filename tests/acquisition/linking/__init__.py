"""Tests of linked videos."""
