"""The recorder: what comes in goes to disk, each 100 ms; its store, health, room on the disk, control."""
