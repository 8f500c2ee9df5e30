"""Skin: from electrodermal activity to its level, responses and quality."""
