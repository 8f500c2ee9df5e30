"""What happened around marked moments, against comparable moments that were not marked."""
