"""A session file that is being written: from the last one, answer by answer, under the rules of all."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from acquisition.errors import SessionError
from acquisition.session.patterns import CodePatterns
from acquisition.session.profile import shipped
from acquisition.session.record import SessionRecord
from acquisition.session.session import Participant, Session
from acquisition.session.toml import dump_session, load_session, parse_session

EMPTY = Session(id="", crisis_contact="", client=Participant(""), therapist=Participant(""))
_LAST_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def draft_from(last: Path, folder: Path) -> Session:
    """Return the session that would follow another one: number and id count on, the rest stays.

    Parameters
    ----------
    last : Path
        A session file, or a recording.
    folder : Path
        Where the new file will be: paths that began at the old one's folder are made whole.

    Raises
    ------
    SessionError
        With every fault of the old one.
    """
    file = last / "session.toml" if last.is_dir() else last
    session = load_session(file)
    number = session.number + 1 if session.number else 0
    return replace(
        session,
        id=_counted_on(session.id),
        number=number,
        devices=tuple(replace(d, profile=_profile(d.profile, file.parent)) for d in session.devices),
        events=replace(session.events, vocabulary=_whole(session.events.vocabulary)),
        recorded=None,
        patterns=CodePatterns(),
        record=SessionRecord(),
    )


def _counted_on(session_id: str) -> str:
    return _LAST_NUMBER.sub(lambda m: str(int(m[1]) + 1).zfill(len(m[1])), session_id)


def _profile(profile: str, base: Path) -> str:
    return profile if profile in shipped() else str((base / profile).absolute())


def _whole(path: str) -> str:
    return str(Path(path).absolute()) if path else ""


def faults_of(session: Session, place: str, folder: Path) -> list[str]:
    """Return what is wrong with the part of a session that `place` names, such as "[client] code"."""
    try:
        parse_session(dump_session(session), "", folder)
    except SessionError as error:
        key = re.compile(rf"{re.escape(place)}(?![\w-])")
        return [fault for fault in error.faults if key.match(fault)]
    return []


def write_new(path: Path, session: Session) -> None:
    """Write a session file that is not there yet, for this user only.

    Raises
    ------
    SessionError
        If the session has faults; nothing is written.
    OSError
        If it cannot be written, or there is such a file.
    """
    text = dump_session(session)
    parse_session(text, str(path), path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
