"""A recording on disk: read while it grows or when it is finished, locked, verified, repaired."""
