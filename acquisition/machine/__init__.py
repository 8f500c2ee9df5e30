"""What the machine lacks for recording with a window; looked at from inside, nothing is sent anywhere."""
