"""The vocabulary of events: the codes, what they mean, and the profiles that switch some of them on.

A laboratory may bring its own file, CSV or TOML (`[[code]]` tables), with the columns of the one that comes
with the package, and these more: `retired` (a code that was used is retired, never deleted), `profiles`
(which profiles switch it on; where any row has it, the column decides) and `markers` (texts of foreign
markers that mean the code: "pedal left; trial=on; rest=off").
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, cast

from acquisition.errors import VocabularyError
from acquisition.event import Value
from acquisition.session.toml_table import MAX_BYTES, parse

Kind = Literal["point", "interval"]
ACTORS = ("client", "therapist", "dyad", "system", "tech", "any")
OWN_COLUMNS = ("retired", "profiles", "markers")
COLUMNS = ("group", "code", "kind", "actor", "hotkey", "value", "meaning", "seed_term", "maps_to", "hed")
MAX_NOTE = 2000
"""Longest note or text value [characters]."""
PAUSE = "consent_pause"
"""Of this person nothing is stored or shown until it ends; it cannot be taken back or edited."""
SOFTWARE = "derived by the software"
"""The group of codes that only software writes."""

PROFILES: Mapping[str, tuple[str, ...]] = {
    "therapist": ("now_moment", "mismatch", "ther_unsafe"),
    "technician": (
        "baseline_rest",
        "baseline_talk",
        "segment",
        "break",
        "sync_mark",
        "note",
        "client_slow",
        "client_stop",
        PAUSE,
        "suds",
        "now_moment",
        "mismatch",
    ),
    "rater": (),
}
"""Profile → codes that are switched on; the rater has all that a person may set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Describe one code; texts as in the file, "" where it has "-".

    `value` says what the value may be ("0-10", "label", "passed,failed,open"); `retired` codes are only read.
    `profiles` is None where the file leaves them to the package.
    """

    code: str
    kind: Kind
    actor: str
    group: str = ""
    hotkey: str = ""
    value: str = ""
    meaning: str = ""
    seed_term: str = ""
    maps_to: str = ""
    hed: str = ""
    retired: bool = False
    profiles: tuple[str, ...] | None = None
    markers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """Hold all codes in the order of the file, and the hash of its bytes."""

    codes: Mapping[str, Code]
    hash: str

    def find(self, code: str) -> Code:
        """Return a code that may be set.

        Raises
        ------
        VocabularyError
            If it is unknown (near ones are named) or retired.
        """
        found = self.codes.get(code)
        if found is None:
            near = difflib.get_close_matches(code, self.codes, n=3, cutoff=0.5)
            hint = f"near: {', '.join(near)}" if near else f"{len(self.codes)} codes are known"
            raise VocabularyError(f"no code named {code[:80]!r} ({hint})")
        if found.retired:
            raise VocabularyError(f"code {code!r} is retired")
        return found

    def profile(self, name: str) -> list[Code]:
        """Return the codes a profile switches on.

        Raises
        ------
        VocabularyError
            If there is no such profile.
        """
        if name not in PROFILES:
            raise VocabularyError(f"no event profile named {name!r} (known: {', '.join(PROFILES)})")
        if name == "rater":
            return [c for c in self.codes.values() if c.group != SOFTWARE and not c.retired]
        if any(c.profiles is not None for c in self.codes.values()):
            return [c for c in self.codes.values() if name in (c.profiles or ()) and not c.retired]
        return [self.codes[c] for c in PROFILES[name] if c in self.codes and not self.codes[c].retired]

    def foreign(self, text: str) -> tuple[Code, str] | None:
        """Return the code a foreign marker means, and its phase ("" if not said); None if it means none."""
        for code in self.codes.values():
            for marker in code.markers if not code.retired else ():
                said, equals, phase = marker.rpartition("=")
                if text == marker or (equals and phase in ("on", "off") and text == said):
                    return code, phase if text != marker else ""
        return None


def load_vocabulary(path: Path | None = None) -> Vocabulary:
    """Read a vocabulary: the shipped one, or a laboratory's own.

    Raises
    ------
    VocabularyError
        If the file cannot be read or is faulty; one line a fault.
    """
    return _shipped() if path is None else parse_vocabulary(_bytes(path), path.name)


@cache
def _shipped() -> Vocabulary:
    return parse_vocabulary(shipped_bytes(), "events_vocab.csv")


def shipped_bytes() -> bytes:
    """Return the file that comes with the package, for a laboratory to edit."""
    return (files("acquisition.events") / "events_vocab.csv").read_bytes()


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise VocabularyError(f"{path}: cannot be read: {error.strerror}") from error


def parse_vocabulary(data: bytes, place: str) -> Vocabulary:
    """Return the vocabulary in a CSV or TOML file; `place` names it, and its ending tells which."""
    if len(data) > MAX_BYTES:
        raise VocabularyError(f"{place}: longer than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise VocabularyError(f"{place}: not UTF-8: byte {error.start}") from error
    faults: list[str] = []
    rows = _toml_rows(text, faults) if place.endswith(".toml") else _csv_rows(text, faults)
    codes: dict[str, Code] = {}
    for number, row in enumerate(rows, 1):
        code = _code(row, number, faults)
        if code.code in codes:
            faults.append(f"row {number} code = {code.code!r}: twice")
        codes[code.code] = code
    if not codes and not faults:
        faults.append("no codes")
    faults += _markers_twice(codes.values())
    if faults:
        raise VocabularyError("\n".join(f"{place}: {fault}" for fault in faults))
    return Vocabulary(codes, "sha256:" + hashlib.sha256(data).hexdigest())


def _csv_rows(text: str, faults: list[str]) -> list[dict[str, str]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text), restkey="", strict=True))
    except csv.Error as error:
        faults.append(f"not CSV: {error}")
        return []
    if any("" in row or None in row.values() for row in rows):
        faults.append("a row has more or fewer fields than the header")
    return [{k: v for k, v in row.items() if isinstance(v, str)} for row in rows]


def _toml_rows(text: str, faults: list[str]) -> list[dict[str, str]]:
    data, wrong = parse(text)
    faults += wrong
    rows = data.get("code", [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows) or set(data) - {"code"}:
        faults.append("must hold [[code]] tables and nothing else")
        return []
    return [{k: str(v) for k, v in row.items()} for row in rows]


def _code(row: dict[str, str], number: int, faults: list[str]) -> Code:
    where = f"row {number}"
    columns = (*COLUMNS, *OWN_COLUMNS)
    faults += [f"{where} {k}: unknown column (known: {', '.join(columns)})" for k in row if k not in columns]
    kind, actor = row.get("kind", ""), row.get("actor", "")
    if kind not in ("point", "interval"):
        faults.append(f"{where} kind = {kind!r}: must be point or interval")
    if actor not in ACTORS:
        faults.append(f"{where} actor = {actor!r}: must be one of {', '.join(ACTORS)}")
    code = row.get("code", "")
    if not (code.isascii() and code.replace("_", "").isalnum()):
        faults.append(f"{where} code = {code!r}: must be letters, digits and _")
    texts = {
        k: "" if row.get(k, "-") == "-" else row[k] for k in COLUMNS if k not in ("code", "kind", "actor")
    }
    retired = row.get("retired", "").casefold() in ("yes", "true", "1")
    profiles = _listed(row["profiles"]) if "profiles" in row else None
    faults += [
        f"{where} profiles = {p!r}: must be of {', '.join(PROFILES)}"
        for p in profiles or ()
        if p not in PROFILES
    ]
    return Code(
        code=code,
        kind=cast(Kind, kind),
        actor=actor,
        retired=retired,
        profiles=profiles,
        markers=_listed(row.get("markers", "")),
        **texts,
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip() not in ("", "-"))


def _markers_twice(codes: Iterable[Code]) -> list[str]:
    every = [marker for code in codes for marker in code.markers]
    return [f"marker {m!r}: means two codes" for m in sorted(set(every)) if every.count(m) > 1]


def checked_value(value: object, code: Code) -> Value:
    """Return a value as the vocabulary allows it for a code: "0-10", "passed,failed,open", or any text.

    "0-10 personal,professional,other" takes a number, one of the words, or both: "7 personal".

    Raises
    ------
    VocabularyError
        If the code takes no such value; it names what it takes.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float) or len(str(value)) > MAX_NOTE:
        raise VocabularyError(f"value: must be a number or a text of at most {MAX_NOTE} characters")
    if not code.value:
        raise VocabularyError(f"code {code.code!r} takes no value")
    bounds = re.match(r"(\d+)-(\d+)", code.value)
    if bounds and "," in code.value:
        said, _, word = str(value).strip().rpartition(" ")
        if word in code.value.partition(" ")[2].split(","):
            plain = replace(code, value=bounds[0])
            return f"{checked_value(said.replace(',', '.'), plain):g} {word}" if said else word
    if bounds:
        low, high = float(bounds[1]), float(bounds[2])
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            raise VocabularyError(
                f"value = {str(value)[:40]!r}: {code.code} takes a number from {low:g} to {high:g}"
            )
        return number
    choices = code.value.split(",")
    if len(choices) > 1 and value not in choices:
        raise VocabularyError(f"value = {str(value)[:40]!r}: {code.code} takes one of {', '.join(choices)}")
    return float(value) if isinstance(value, int) else value
