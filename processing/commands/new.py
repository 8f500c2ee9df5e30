"""attune new: a session file by questions, and the consent sheet to sign."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from acquisition.commands.command import Command
from acquisition.commands.given import OutputPath
from acquisition.errors import ProfileError
from acquisition.session.drafting import EMPTY, draft_from, faults_of, write_new
from acquisition.session.profile import load_profile, shipped
from acquisition.session.session import Device, Participant, Session
from acquisition.stream import PEOPLE, Role
from acquisition.terminal import echo

WORDS = {
    "ecg": "heart (ECG, beats)",
    "eda": "skin conductance",
    "acc": "movement",
    "resp": "breathing by a belt",
    "voice": "voice as numbers",
    "rating": "a continuous rating by a dial or slider",
    "raw_audio": "the sound itself, with words",
    "view": "seeing one's own values live",
}


@click.command("new", cls=Command)
@click.argument("session_file", metavar="[SESSION.toml]", type=OutputPath(), default=Path("session.toml"))
@click.option(
    "--from", "last", type=click.Path(path_type=Path, exists=True), metavar="LAST",
    help="The last session file or recording: its answers are proposed, id and number count on.",
)  # fmt: skip
def new_command(session_file: Path, last: Path | None) -> None:
    """Write a session file by questions, and a consent sheet (PDF, one page) to sign beside it.

    An answer that a session file may not hold is refused at once, and asked for again. Nothing that is there
    is written over.
    """
    paper = session_file.with_name(f"{session_file.stem}_consent.pdf")
    for path in (session_file, paper):
        if path.exists():
            raise click.UsageError(f"{path}: is there already, and is not written over; name another file")
    folder = session_file.absolute().parent
    session = asked(draft_from(last, folder) if last else EMPTY, folder)
    write_new(session_file, session)
    echo(str(session_file))
    from processing.report.consent_sheet import write_sheet

    write_sheet(session, paper)
    echo(f"{paper}: to be signed; keep it apart from the recordings")


def asked(session: Session, folder: Path) -> Session:
    """Return a session with the answers to all questions; what a draft says is proposed."""
    session = _head(session, folder)
    for role in PEOPLE:
        session = _person(session, folder, role)
    session = _sealing(session)
    if session.devices:
        if click.confirm(f"Keep {', '.join(d.title for d in session.devices)}", default=True):
            return session
        session = replace(session, devices=())
    return _devices(session, folder)


def _sealing(session: Session) -> Session:
    """Ask whether the recording is sealed, where this laboratory has a key store; sealed is proposed."""
    from acquisition.protection.store_files import default_store, is_store

    if not is_store(default_store()):
        return session
    sealed = click.confirm("Seal the recording with the key store", default=True)
    return replace(session, protection=replace(session.protection, sealed=sealed))


def _ask(
    session: Session, folder: Path, text: str, place: str, proposed: object, put: Callable[[str], Session]
) -> Session:
    """Return what `put` makes of an answer that the rules of a session file allow at this place."""

    def checked(answer: str) -> Session:
        try:
            fresh = put(answer.strip())
        except ValueError as error:
            raise click.BadParameter(f"{place} = {answer!r}: must be a whole number") from error
        if faults := faults_of(fresh, place, folder):
            raise click.BadParameter("; ".join(faults))
        return fresh

    answered: Session = click.prompt(
        text, default=None if proposed == "" else str(proposed), value_proc=checked
    )
    return answered


def _head(session: Session, folder: Path) -> Session:
    def ask(text: str, key: str, proposed: object, read: Callable[[str], object] = str) -> None:
        nonlocal session

        def put(answer: str) -> Session:
            values: dict[str, Any] = {key: read(answer)}
            return replace(session, **values)

        session = _ask(session, folder, text, f"[session] {key}", proposed, put)

    ask("Id of the session, such as D07_S03", "id", session.id)
    ask("Code of the dyad (- for none)", "dyad", session.dyad or "-", lambda a: "" if a == "-" else a)
    ask("Number of the session (0 for none)", "number", session.number, int)
    ask(
        "Setting: room, remote (- if not said)",
        "setting",
        session.setting or "-",
        lambda a: "" if a == "-" else a,
    )
    ask("Whom to call in a crisis", "crisis_contact", session.crisis_contact)
    return session


def _person(session: Session, folder: Path, role: Role) -> Session:
    before = session.participant(role)
    text = f"Code of the {role}, such as C07; never a name"
    coded = partial(_with_code, session, role)
    session = _ask(session, folder, text, f"[{role}] code", before.code, coded)
    text = f"{role}: which version of the consent form is signed"
    agreed = partial(_with_consent, session, role, "version")
    session = _ask(session, folder, text, f"[{role}] consent.version", before.consent.version, agreed)
    for key, words in WORDS.items():
        yes = click.confirm(f"{role}: consent to {words}", default=getattr(before.consent, key))
        session = _with_consent(session, role, key, yes)
    return session


def _with_code(session: Session, role: Role, code: str) -> Session:
    return _with(session, role, replace(session.participant(role), code=code))


def _with_consent(session: Session, role: Role, key: str, value: str | bool) -> Session:
    person = session.participant(role)
    values: dict[str, Any] = {key: value}
    return _with(session, role, replace(person, consent=replace(person.consent, **values)))


def _with(session: Session, role: Role, person: Participant) -> Session:
    return replace(session, client=person) if role is Role.CLIENT else replace(session, therapist=person)


def _devices(session: Session, folder: Path) -> Session:
    """Ask for the devices of each person; the window's set-up can find them later."""
    echo(f"Devices, or - for no more (`attune live --set-up` finds them too): {', '.join(shipped())}")
    for role in PEOPLE:
        while True:

            def checked(answer: str, session: Session = session, role: Role = role) -> Session | None:
                return None if answer.strip() == "-" else _one(session, role, answer.split(), folder)

            text = f"{role}: profile, and the stream's source_id or the device's address or name"
            fresh = click.prompt(text, default="-", value_proc=checked)
            if fresh is None:
                break
            session = fresh
    return session


def _one(session: Session, role: Role, words: list[str], folder: Path) -> Session:
    """Return a session with the device that an answer names."""
    profile, which = words[0] if words else "", " ".join(words[1:])
    try:
        streamed = load_profile(profile, folder).driver == "lsl"
    except ProfileError as error:
        raise click.BadParameter(str(error)) from error
    device = Device(
        role=role,
        profile=profile,
        source_id=which if streamed else "",
        address=which if ":" in which and not streamed else "",
        name=which if ":" not in which and not streamed else "",
    )
    fresh = replace(session, devices=(*session.devices, device))
    if faults := faults_of(fresh, f"[[device]] {len(fresh.devices)}", folder):
        raise click.BadParameter("; ".join(faults))
    return fresh
