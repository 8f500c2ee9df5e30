"""Lanes: strips on one time axis, their headers, curves, marker lines, and figures of them."""
