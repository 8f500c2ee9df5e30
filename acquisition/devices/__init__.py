"""Before the hour: what is near, which sensor is whose, and whether a session could begin."""
