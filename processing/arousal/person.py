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
    corrected : dict
        Code → who corrected, by hand, the results that the references were made with; "" for nobody.
    """

    by_code: Mapping[str, Reference] = field(default_factory=dict)
    digest: str = ""
    source: str = ""
    corrected: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def otherwise_corrected(self, session: Session | None, who: str) -> list[str]:
        """Say whose references were made with other corrections than those of `who`; "" is nobody."""
        lines = []
        for code in codes(session).values():
            others = sorted(self.corrected.get(code, frozenset()) - {who})
            if others:
                said = ", ".join(f"corrected by {other}" if other else "uncorrected" for other in others)
                now = f"corrected by {who}" if who else "uncorrected"
                lines.append(f"reference of {code}: made of results {said}; these results are {now}")
        return lines


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
    corrected: dict[str, set[str]] = {}
    digest = hashlib.sha256()
    for path in paths:
        try:
            text = read_file(path).decode()
            people, who = _people(text, config)
            for code, reference in people.items():
                found.setdefault(code, []).append(reference)
                corrected.setdefault(code, set()).add(who)
        except UnicodeDecodeError as error:
            raise SessionError(path, [f"not a reference: not UTF-8 at byte {error.start}"]) from None
        except (OSError, ValueError) as error:
            raise SessionError(path, [str(error)]) from None
        digest.update(hashlib.sha256(text.encode()).digest())
    return People(
        by_code={c: replace(pool(references, config), scaling=scaling) for c, references in found.items()},
        digest=digest.hexdigest()[:16] + _MARK[scaling] if paths else "",
        source=", ".join(path.name for path in paths),
        corrected={code: frozenset(each) for code, each in corrected.items()},
    )


def _people(text: str, config: ArousalConfig) -> tuple[dict[str, Reference], str]:
    """Return the references of a file by code, and who corrected what they were made of."""
    try:
        table = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("not a reference: not JSON (attune process writes reference.json)") from None
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
    return people, str(table.get("corrected") or "")


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


def to_json(sessions: Mapping[str, Reference | None], session: Session | None, corrected: str = "") -> str:
    """Return the references that a session's own baselines make, as JSON; people without one are left out.

    So are those whose baselines are in doubt: a later session could not know it.
    Where beats or signals were corrected by hand, it says by whom.
    """
    mine = codes(session)
    people: dict[str, Any] = {
        mine[role]: {k: v for k, v in json.loads(reference.to_json()).items() if k != "v"}
        for role, reference in sessions.items()
        if reference is not None and not reference.doubt
    }
    label = {"corrected": corrected} if corrected else {}
    return json.dumps({"v": VERSION, **label, "people": people})
