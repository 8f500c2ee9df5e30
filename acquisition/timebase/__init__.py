"""The time base of a stream: sample times from its count, its nominal rate and its stamps."""
