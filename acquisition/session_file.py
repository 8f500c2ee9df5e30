"""session.toml inside a recording: the session as it was recorded."""

from __future__ import annotations

import os
from pathlib import Path

from acquisition.session import Session, dump_session


def write_session(path: Path, session: Session) -> None:
    """Write session.toml into a recording, for this user only; it appears whole or not at all."""
    temporary = path / ".session.toml.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(dump_session(session))
    temporary.replace(path / "session.toml")
