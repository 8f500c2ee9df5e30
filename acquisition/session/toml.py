"""session.toml in and out; every fault of a file is told at once."""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from datetime import date
from pathlib import Path

from acquisition.errors import ProfileError, SessionError, UnitError
from acquisition.session.covariates import Covariates, read_covariates
from acquisition.session.patterns import CodePatterns, read_patterns
from acquisition.session.profile import DeviceProfile, load_profile
from acquisition.session.record import dump_record, read_record
from acquisition.session.session import (
    CLOCKS,
    NOBODY,
    RECORDING_ID,
    SETTINGS,
    Consent,
    Device,
    Participant,
    ProtectionSettings,
    Recorded,
    Session,
)
from acquisition.session.settings import (
    events_settings,
    lsl_settings,
    protection_settings,
    recording_settings,
)
from acquisition.session.study import Study, study_for
from acquisition.session.toml_table import TomlTable, lines, parse, read, show
from acquisition.stream import FORMATS, LATENESS, PEOPLE, ROLES, Modality, Role, StreamInfo
from acquisition.text import clean_line
from acquisition.units import factor


def load_session(path: str | Path, study: Study | None = None) -> Session:
    """Read a session file, or that of a recording; relative profile paths start at its folder.

    Parameters
    ----------
    study : Study, optional
        Whose codes and ids hold; by default that of the nearest study file. A recording says its own.

    Raises
    ------
    SessionError
        With every fault at once.
    """
    path = Path(path)
    text, faults = read(path)
    if faults:
        raise SessionError(path, faults)
    return parse_session(text, str(path), path.parent, study)


def parse_session(text: str, place: str, base: Path | None = None, study: Study | None = None) -> Session:
    """Return the session a TOML text describes; `place` names it in messages."""
    data, faults = parse(text)
    if faults:
        raise SessionError(place, faults)
    top = TomlTable("", data, faults)
    recorded = _recorded(top)
    study = None if recorded else study_for(top, base, study)
    patterns = _patterns(top, study)
    session_id, dyad, number, setting, contact, covariates = _head(top, patterns, study, recorded)
    people = {role: _participant(top, role, patterns, study, recorded) for role in PEOPLE}
    devices = tuple(_device(t, base, recorded is not None) for t in top.tables("device"))
    session = Session(
        id=session_id,
        dyad=dyad,
        number=number,
        setting=setting,
        crisis_contact=contact,
        client=people[Role.CLIENT],
        therapist=people[Role.THERAPIST],
        devices=devices,
        recording=recording_settings(top),
        lsl=lsl_settings(top),
        events=events_settings(top, base),
        protection=protection_settings(top),
        recorded=recorded,
        record=read_record(top),
        patterns=patterns,
        covariates=covariates,
    )
    top.finish()
    faults += _twice(session)
    if faults:
        raise SessionError(place, faults)
    return session


def kept_by(session: Session, study: Study | None, day: date) -> Session:
    """Return a session that begins on a day, kept as long as its study says where it says nothing itself."""
    if study is None or session.protection.keep_until:
        return session
    until = study.retention.until(day)
    return replace(session, protection=replace(session.protection, keep_until=until))


def _patterns(top: TomlTable, study: Study | None) -> CodePatterns:
    """Return which codes and ids fit: the file's own table, else as the study has them."""
    table = top.table("study")
    if table is not None:
        own = read_patterns(table)
        table.finish()
        return own
    return study.code_patterns if study is not None else CodePatterns()


def _fitting(table: TomlTable, key: str, kind: str, patterns: CodePatterns, *, required: bool = False) -> str:
    value = table.text(key, required=required, what=patterns.rule(kind))
    if value and (fault := patterns.fault(kind, value)):
        table.fault(key, fault)
        return ""
    return value


def _head(
    top: TomlTable, patterns: CodePatterns, study: Study | None, recorded: Recorded | None
) -> tuple[str, str, int, str, str, Covariates]:
    table = top.table("session", required="id, dyad, number, crisis_contact")
    if table is None:
        return "", "", 0, "", "", {}
    session_id = _fitting(table, "id", "id", patterns, required=True)
    dyad = _fitting(table, "dyad", "dyad", patterns)
    number = table.whole("number", 0, low=0, high=99_999)
    setting = table.text("setting", choices=SETTINGS)
    contact = table.text(
        "crisis_contact", required=True, what="whom to call in a crisis; no session starts without"
    )
    covariates = read_covariates(table, "session", study, recorded=recorded is not None)
    table.finish()
    return session_id, dyad, number, setting, contact, covariates


def _participant(
    top: TomlTable, role: Role, patterns: CodePatterns, study: Study | None, recorded: Recorded | None
) -> Participant:
    table = top.table(role, required="code and consent")
    if table is None:
        return Participant("")
    nobody = recorded is not None and recorded.imported and table.data.get("code") == NOBODY[role]
    code = _fitting(table, "code", "code", CodePatterns() if nobody else patterns, required=True)
    consent = table.table("consent")
    covariates = read_covariates(table, role, study, recorded=recorded is not None)
    table.finish()
    return Participant(code, _consent(consent) if consent else Consent(), covariates)


def _consent(table: TomlTable) -> Consent:
    version = table.text("version", required=True, what="which consent form was signed")
    given = {f.name: table.flag(f.name) for f in fields(Consent) if f.name != "version"}
    table.finish()
    return Consent(version=version, **given)


def _device(table: TomlTable, base: Path | None, recorded: bool) -> Device:
    role = table.text("role", required=True, choices=ROLES, what=f"one of {', '.join(ROLES)}")
    profile = table.text(
        "profile", required=True, what="the name of a device profile, or a path to one's own"
    )
    device = Device(
        role=Role(role or "dyad"),
        profile=profile,
        address=table.text("address"),
        name=table.text("name"),
        source_id=table.text(
            "source_id", what="must not be empty: such a stream cannot be told from another"
        ),
        channel=_channel(table),
        unit=table.text("unit", longest=40),
        settings=table.scalars("settings"),
        definition=None if recorded or not profile else _definition(table, profile, base),
    )
    table.finish()
    if device.definition is not None:
        _check_device(table, device, device.definition)
    return device


def _channel(table: TomlTable) -> str | int | None:
    value = table.take("channel")
    if isinstance(value, bool) or not (value is None or (isinstance(value, str | int) and value != "")):
        table.fault("channel", "must be a label or a number")
        return None
    if isinstance(value, int) and not 0 <= value < 10_000:
        table.fault("channel", "must be a label or a number from 0")
        return None
    return value


def _definition(table: TomlTable, profile: str, base: Path | None) -> DeviceProfile | None:
    try:
        return load_profile(profile, base)
    except ProfileError as error:
        for line in str(error).splitlines():
            table.fault("profile", line)
        return None


def _check_device(table: TomlTable, device: Device, profile: DeviceProfile) -> None:
    if profile.driver == "lsl" and not (device.source_id or device.name):
        table.fault("source_id", "missing (source_id or name of the stream: none is matched by its type)")
    if device.unit:
        faults = []
        for stream in profile.streams:
            try:
                factor(device.unit, stream.modality)
            except UnitError as error:
                if "resistance" not in str(error):
                    faults.append(str(error))
        if len(faults) == len(profile.streams):
            table.fault("unit", faults[0])


def _recorded(top: TomlTable) -> Recorded | None:
    table = top.table("recorded")
    if table is None:
        return None
    recorded = Recorded(
        started=table.text("started", required=True, what="wall time of the start"),
        vocabulary=table.text("vocabulary"),
        id=table.text("id", pattern=RECORDING_ID, what="must be the id of the recording, a UUID"),
        versions={k: str(v) for k, v in table.scalars("versions").items()},
        streams=tuple(_stream(t) for t in table.tables("stream")),
        clock=table.text("clock", choices=CLOCKS, what=f"one of {', '.join(CLOCKS)}"),
        clock_error=table.number("clock_error", math.nan, low=0.0, high=1e9, unknown=True),
        damage=table.texts("damage"),
        notes=table.texts("notes"),
    )
    table.finish()
    return recorded


def _stream(table: TomlTable) -> StreamInfo:
    role = table.text("role", required=True, choices=ROLES, what=f"one of {', '.join(ROLES)}")
    modality = table.text(
        "modality", required=True, choices=tuple(Modality), what=f"one of {', '.join(Modality)}"
    )
    info = StreamInfo(
        name=_said(table, "name") or "unnamed",
        role=Role(role or "dyad"),
        modality=Modality(modality or "markers"),
        sfreq=table.number("sfreq", math.nan, low=0.0, high=math.inf, unknown=True),
        unit=_said(table, "unit"),
        channels=tuple(clean_line(str(label)) for label in _listed(table, "channels")),
        format=table.text("format", default="float32", choices=FORMATS),
        lateness=table.number("lateness", LATENESS, low=0.0, high=3600.0),
        exact=table.flag("exact"),
        source_id=_said(table, "source_id"),
        device=_said(table, "device"),
    )
    table.finish()
    return info


def _said(table: TomlTable, key: str) -> str:
    """Return what a sender said of itself: it was written down as it came, and must be readable for ever."""
    value = table.take(key)
    return "" if value is None else clean_line(str(value))


def _listed(table: TomlTable, key: str) -> list[object]:
    value = table.take(key)
    if value is not None and not isinstance(value, list):
        table.fault(key, "must be a list of texts")
    return value if isinstance(value, list) else []


def _twice(session: Session) -> list[str]:
    """Return faults between tables: one code for two people, one sender bound twice."""
    faults = []
    if session.client.code and session.client.code == session.therapist.code:
        faults.append(f"[therapist] code = {show(session.therapist.code)}: also the client's")
    seen: dict[tuple[object, ...], int] = {}
    for i, device in enumerate(session.devices, 1):
        identity = (device.source_id, device.address, device.name)
        first = seen.setdefault((*identity, device.channel), i) if any(identity) else i
        if first != i:
            key = next(k for k in ("source_id", "address", "name") if getattr(device, k))
            faults.append(
                f"[[device]] {i} {key} = {show(getattr(device, key))}: also bound by device {first}"
            )
    return faults


def dump_session(session: Session) -> str:
    """Return a session as TOML, which `parse_session` reads back as the same value."""
    head = {"id": session.id, "dyad": session.dyad, "number": session.number}
    head |= {"setting": session.setting, "crisis_contact": session.crisis_contact}
    head |= {"covariates": dict(session.covariates)}
    out = lines("[session]", head)
    for role in PEOPLE:
        person = session.participant(role)
        consent = asdict(person.consent) if person.consent != Consent() else {}
        said_of = {"code": person.code, "consent": consent, "covariates": dict(person.covariates)}
        out += lines(f"[{role}]", said_of)
    if said := session.patterns.said():
        out += lines("[study]", said)
    for device in session.devices:
        out += lines(
            "[[device]]", {f.name: getattr(device, f.name) for f in fields(Device) if f.name != "definition"}
        )
    out += lines("[recording]", asdict(session.recording))
    out += lines("[lsl]", asdict(session.lsl))
    out += lines("[events]", asdict(session.events))
    if session.protection != ProtectionSettings():
        out += lines("[protection]", asdict(session.protection))
    if session.recorded is not None:
        out += _dump_recorded(session.recorded)
    # Last, where it may be added after the recording was closed.
    out += dump_record(session.record)
    return "\n".join(out)


def _dump_recorded(recorded: Recorded) -> list[str]:
    head: dict[str, object] = {
        "id": recorded.id,
        "started": recorded.started,
        "vocabulary": recorded.vocabulary,
        "versions": recorded.versions,
    }
    head.update(_dump_import(recorded))
    out = lines("[recorded]", head)
    for info in recorded.streams:
        values = {f.name: getattr(info, f.name) for f in fields(StreamInfo) if f.name != "metadata"}
        out += lines("[[recorded.stream]]", values)
    return out


def _dump_import(recorded: Recorded) -> dict[str, object]:
    """Return the keys that say something of clocks and files."""
    said: dict[str, object] = {}
    if recorded.clock:
        said["clock"] = recorded.clock
    if math.isfinite(recorded.clock_error):
        said["clock_error"] = recorded.clock_error
    said |= {k: list(v) for k, v in (("damage", recorded.damage), ("notes", recorded.notes)) if v}
    return said
