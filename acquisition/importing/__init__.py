"""Recordings of other devices and programs, turned into recordings of ours."""
