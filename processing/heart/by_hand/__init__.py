"""Beats that were corrected by hand: put between, left out or voided before they are judged."""
