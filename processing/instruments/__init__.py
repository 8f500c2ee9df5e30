"""Self-report instruments, one TOML file each; read with `processing.instruments.instrument`."""
