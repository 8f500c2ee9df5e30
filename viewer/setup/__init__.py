"""Set-up before a recording: devices, people, consent, checks."""
