"""The session: who (codes only), consent, devices and their profiles; session.toml in and out."""
