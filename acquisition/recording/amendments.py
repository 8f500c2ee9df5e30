"""Lawful corrections of what a session file says: amendments.jsonl beside the recording, JSON by lines.

Codes of dyad and people, the session's number and setting, when it began, and covariates may be put right;
the session file itself stays as it was written. The last amendment of a key holds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.overlay import placed_lines, row_in
from acquisition.session.covariates import declared
from acquisition.session.patterns import CodePatterns
from acquisition.session.session import SETTINGS, Session
from acquisition.session.study import Study

AMENDMENTS_NAME = "amendments.jsonl"
KEYS = ("dyad", "number", "setting", "client", "therapist", "started")
COVARIATE = re.compile(r"(?:(client|therapist)\.)?covariates\.([a-z][a-z0-9_]{0,39})")
"""Of a person, or of the session and the dyad."""
STARTED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?")
MAX_VALUE = 80
MAX_BYTES = 1 << 22
ABOUT = {"client": "client", "therapist": "therapist"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """Hold one line: what a key is from now on, when that was said, and why."""

    key: str
    value: str | float
    when: str
    why: str

    def to_json(self) -> str:
        """Return it as a line; `about` says whose it is, so that it goes with that person."""
        about = ABOUT.get(self.key.partition(".")[0], "dyad")
        row = {"key": self.key, "value": self.value, "about": about, "when": self.when, "why": self.why}
        return json.dumps(row, ensure_ascii=False)


def checked(key: str, value: str, patterns: CodePatterns) -> tuple[str, str]:
    """Return a key and its value if they may be amended, under the codes of the recording's study.

    Raises
    ------
    RecordingError
        Naming the key, the value and what is allowed.
    """
    covariate = COVARIATE.fullmatch(key)
    if key not in KEYS and covariate is None:
        known = ", ".join((*KEYS, "covariates.NAME", "client.covariates.NAME", "therapist.covariates.NAME"))
        raise RecordingError(
            f"{key[:40]}: cannot be amended (known: {known}); a name is small letters, digits and _"
        )
    kind = "dyad" if key == "dyad" else "code"
    if key in ("dyad", "client", "therapist") and (why := patterns.fault(kind, value)):
        raise RecordingError(f"{key} = {value[:40]!r}: {why}")
    if key == "number" and not (value.isdecimal() and int(value) <= 99_999):
        raise RecordingError(f"number = {value[:40]!r}: must be a whole number from 0 to 99999")
    if key == "setting" and value not in SETTINGS:
        raise RecordingError(f"setting = {value[:40]!r}: must be one of {', '.join(SETTINGS)}")
    if key == "started" and not STARTED.fullmatch(value):
        raise RecordingError(f"started = {value[:40]!r}: must be ISO 8601, such as 2024-05-20T11:53:07+02:00")
    if not value.isprintable() or not 0 < len(value) <= MAX_VALUE:
        raise RecordingError(f"{key} = {value[:40]!r}: must be 1 to {MAX_VALUE} printable characters")
    return key, value


def refuse_undeclared(values: Mapping[str, str], study: Study | None) -> None:
    """Refuse covariates that the study of a recording does not declare, or values it does not allow.

    Raises
    ------
    RecordingError
        Naming the key, the value and what is allowed.
    """
    for key, value in values.items():
        if study is not None and (m := COVARIATE.fullmatch(key)):
            try:
                declared(m[2], value, m[1] or "session", study)
            except ValueError as error:
                raise RecordingError(f"{key} = {value[:40]!r}: {error}") from None


def read_amendments(recording: Path, patterns: CodePatterns) -> list[Amendment]:
    """Read the amendments of a recording, in order; none if there are none.

    A last line without its end that is no JSON was torn by a crash: it counts as never written.

    Raises
    ------
    RecordingError
        If a line is no amendment; the line is named.
    """
    path = recording / AMENDMENTS_NAME
    if not path.is_file():
        return []
    if path.stat().st_size > MAX_BYTES:
        raise RecordingError(f"{path}: longer than {MAX_BYTES >> 20} MiB")
    return [parse_amendment(line, place, patterns) for place, line in placed_lines(path)]


def parse_amendment(line: str, place: str, patterns: CodePatterns) -> Amendment:
    """Return the amendment in a line.

    Raises
    ------
    RecordingError
        If it is none; `place` names it.
    """
    row = row_in(line, place)
    if not isinstance(row, dict) or not {"key", "value"} <= set(row):
        raise RecordingError(f"{place}: no amendment (needs key and value)")
    try:
        key, text = checked(str(row["key"]), str(row["value"]), patterns)
    except RecordingError as error:
        raise RecordingError(f"{place}: no amendment ({str(error)[:120]})") from None
    value = float(row["value"]) if _is_number(row["value"]) and COVARIATE.fullmatch(key) else text
    return Amendment(key=key, value=value, when=str(row.get("when", "")), why=str(row.get("why", "")))


def amended(session: Session, recording: Path) -> Session:
    """Return a session as its amendments have it."""
    return applied(session, {a.key: a.value for a in read_amendments(recording, session.patterns)})


def applied(session: Session, values: Mapping[str, str | float]) -> Session:
    """Return a session with keys put right."""
    out = _with_covariates(session, values)
    if "dyad" in values:
        out = replace(out, dyad=str(values["dyad"]))
    if "number" in values:
        out = replace(out, number=int(values["number"]))
    if "setting" in values:
        out = replace(out, setting=str(values["setting"]))
    if "client" in values:
        out = replace(out, client=replace(out.client, code=str(values["client"])))
    if "therapist" in values:
        out = replace(out, therapist=replace(out.therapist, code=str(values["therapist"])))
    if "started" in values and out.recorded is not None:
        out = replace(out, recorded=replace(out.recorded, started=str(values["started"])))
    return out


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def covariates_of(session: Session) -> dict[str, str | float]:
    """Return the covariates of a session by the keys that amend them."""
    people = (("client.", session.client), ("therapist.", session.therapist))
    own = {f"{of}covariates.{name}": v for of, one in people for name, v in one.covariates.items()}
    return own | {f"covariates.{name}": v for name, v in session.covariates.items()}


def _with_covariates(session: Session, values: Mapping[str, str | float]) -> Session:
    said = [(m[1] or "session", m[2], v) for k, v in values.items() if (m := COVARIATE.fullmatch(k))]
    each = {
        whose: {name: value for who, name, value in said if who == whose}
        for whose in ("session", "client", "therapist")
    }
    client, therapist = (
        replace(one, covariates={**one.covariates, **each[role]}) if each[role] else one
        for role, one in (("client", session.client), ("therapist", session.therapist))
    )
    covariates = {**session.covariates, **each["session"]}
    return replace(session, client=client, therapist=therapist, covariates=covariates)


def lines_of(amendments: Sequence[Amendment]) -> str:
    """Return amendments as whole lines."""
    return "".join(a.to_json() + "\n" for a in amendments)
