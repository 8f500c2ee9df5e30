"""What is known of variability: limits for the minutes around, and how well R peaks were placed."""
