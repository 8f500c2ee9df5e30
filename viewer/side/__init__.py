"""Beside the lanes: a gauge or plane for each person, the map of their coupling, the glance."""
