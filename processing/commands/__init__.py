"""The commands of this floor: report, export, events, instruments."""
