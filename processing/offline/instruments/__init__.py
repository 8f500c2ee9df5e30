"""Self-report instruments, one TOML file each; read with `processing.offline.instrument`."""
