"""session.toml inside a recording: the session as it was recorded."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

from acquisition.errors import VocabularyError
from acquisition.session.session import Session
from acquisition.session.toml import dump_session

VOCABULARY = "events_vocab"
"""Name of the copy of a laboratory's own vocabulary in a recording, with the ending of the original."""


def keep_vocabulary(path: Path, session: Session) -> Session:
    """Copy a laboratory's own vocabulary into a recording, and return the session that names the copy.

    Codes then mean the same wherever the recording goes, and whatever becomes of the laboratory's file.

    Raises
    ------
    VocabularyError
        If it cannot be copied.
    """
    if not session.events.vocabulary:
        return session
    own = Path(session.events.vocabulary)
    copy = path / f"{VOCABULARY}{own.suffix}"
    try:
        shutil.copyfile(own, copy)
        copy.chmod(0o600)
    except OSError as error:
        raise VocabularyError(f"{own}: cannot be copied to {copy}: {error.strerror}") from error
    return replace(session, events=replace(session.events, vocabulary=str(copy)))


def write_session(path: Path, session: Session) -> None:
    """Write session.toml into a recording, for this user only; it appears whole or not at all."""
    vocabulary = Path(session.events.vocabulary)
    if session.events.vocabulary and vocabulary.parent.resolve() == path.resolve():
        session = replace(session, events=replace(session.events, vocabulary=vocabulary.name))
    temporary = path / ".session.toml.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(dump_session(session))
    temporary.replace(path / "session.toml")
