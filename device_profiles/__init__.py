"""One TOML file per wearable; read with `acquisition.session.profile`."""
