"""The session report: one HTML file, and a PDF for printing."""
