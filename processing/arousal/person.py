"""References of persons: what a session's own baselines leave for later sessions, and how they are read.

    {"v": 1, "people": {"C07": {"rest": [...], "talk": [...]}}}

`attune process` writes one such `reference.json` beside each result; `--reference` reads one or several of
them. A person is known by their code. All seconds of all baselines of a person count alike. With the scaling
"anchored" their spread alone is used, about today's own centre.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from acquisition.errors import SessionError
from acquisition.protection.sealed_file import read_file
from acquisition.session.session import Session
from acquisition.stream import PEOPLE
from processing.arousal.band import ArousalConfig
from processing.arousal.baseline import Reference, pool

VERSION = 1
_MARK = {"person": "", "anchored": "-anchored"}
"""What tells the digests of one set of files apart."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class People:
    """Hold the references of persons by code.

    Parameters
    ----------
    by_code : dict
        Code → reference, with the scaling that it is for: "person" or "anchored".
    digest : str
        Of the files they were read from and of the scaling; a result depends on them.
    source : str
        Names of those files, for messages.
    """

    by_code: Mapping[str, Reference] = field(default_factory=dict)
    digest: str = ""
    source: str = ""


NOBODY = People()


def codes(session: Session | None) -> dict[str, str]:
    """Return each role's code; where none is known the role itself, so that nobody is mistaken."""
    return {r.value: (session.code(r) if session else "") or r.value for r in PEOPLE}


def read_people(
    paths: Sequence[Path], config: ArousalConfig, scaling: Literal["person", "anchored"] = "person"
) -> People:
    """Read references; those of one person in several files are pooled.

    Parameters
    ----------
    scaling : str
        person: the index is relative to them; anchored: to today's rest, on their scale.

    Raises
    ------
    SessionError
        If a file cannot be read, is not a reference or holds nobody's.
    """
    found: dict[str, list[Reference]] = {}
    digest = hashlib.sha256()
    for path in paths:
        try:
            text = read_file(path).decode()
            for code, reference in _people(text, config).items():
                found.setdefault(code, []).append(reference)
        except (OSError, ValueError) as error:
            raise SessionError(path, [str(error)]) from None
        digest.update(hashlib.sha256(text.encode()).digest())
    return People(
        by_code={c: replace(pool(references, config), scaling=scaling) for c, references in found.items()},
        digest=digest.hexdigest()[:16] + _MARK[scaling] if paths else "",
        source=", ".join(path.name for path in paths),
    )


def _people(text: str, config: ArousalConfig) -> dict[str, Reference]:
    table = json.loads(text)
    if not isinstance(table, dict) or not isinstance(table.get("people"), dict):
        raise ValueError("not a reference: no 'people' (attune process writes reference.json)")
    if table.get("v") != VERSION:
        raise ValueError(f"version {table.get('v')} (known: {VERSION})")
    people = {
        code: Reference.from_json(json.dumps(part | {"v": 1}), config)
        for code, part in table["people"].items()
        if isinstance(part, dict)
    }
    if not people:
        raise ValueError("holds nobody's baselines: no rest baseline passed in that session")
    return people


def for_roles(people: People, session: Session | None, path: Path) -> dict[str, Reference]:
    """Return the reference of each role of a session.

    Raises
    ------
    SessionError
        If references were given, and none is of a person of this session.
    """
    known = {role: people.by_code[code] for role, code in codes(session).items() if code in people.by_code}
    if people.by_code and not known:
        here, there = ", ".join(codes(session).values()), ", ".join(sorted(people.by_code))
        raise SessionError(path, [f"{people.source} holds references of {there}; here are {here}"])
    return known


def to_json(sessions: Mapping[str, Reference | None], session: Session | None) -> str:
    """Return the references that a session's own baselines make, as JSON; people without one are left out."""
    mine = codes(session)
    people: dict[str, Any] = {
        mine[role]: {k: v for k, v in json.loads(reference.to_json()).items() if k != "v"}
        for role, reference in sessions.items()
        if reference is not None
    }
    return json.dumps({"v": VERSION, "people": people})
