"""Correcting a finished recording by hand: its signals and beats as they stand, lists of beats, agreement."""
