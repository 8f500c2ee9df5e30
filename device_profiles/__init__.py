"""One TOML file per wearable; read with `acquisition.profile`."""
