"""What keeps recordings unreadable without their people's keys: sealed files, and the store of the keys."""
