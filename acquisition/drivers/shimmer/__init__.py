"""Shimmer units over Bluetooth LE: EDA of the GSR+ board, ECG of the ExG board, and what their card keeps."""
