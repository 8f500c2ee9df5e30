"""RMSSD with what is known of it: limits for the minutes around, and how well R peaks were placed."""
