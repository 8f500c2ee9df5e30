"""The pyqtgraph window, and the console script that ties the folders together."""
