"""Consent in words: what each person agreed to, and what not. No Qt."""

from __future__ import annotations

from dataclasses import fields

from acquisition.session.session import Consent, Session
from acquisition.stream import PEOPLE

NAMES = {
    "ecg": "ECG and beats",
    "eda": "EDA",
    "acc": "movement",
    "resp": "respiration",
    "voice": "voice (measures only)",
    "rating": "ratings while the session runs",
    "raw_audio": "speech itself",
    "view": "sees own values live",
}


def consent_lines(session: Session) -> list[str]:
    """Return a line for each person."""
    return [
        _line(r.value.capitalize(), session.participant(r).code, session.participant(r).consent)
        for r in PEOPLE
    ]


def _line(person: str, code: str, consent: Consent) -> str:
    given = {f.name: getattr(consent, f.name) for f in fields(Consent) if f.name != "version"}
    agreed = ", ".join(NAMES[k] for k, v in given.items() if v) or "nothing"
    refused = ", ".join(NAMES[k] for k, v in given.items() if not v) or "nothing"
    form = f"form {consent.version}" if consent.version else "no form"
    return f"{person} {code}, {form}: agreed to {agreed}; not to {refused}."
