"""The commands of this floor: devices, import, replay, verify, repair; and how every command ends."""
