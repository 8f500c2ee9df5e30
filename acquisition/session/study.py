"""study.toml: what a laboratory declares once for all sessions of a study; every fault is told at once.

    [study]
    name = "Sessions of two years, 2026-2029"
    code = "[CT][0-9]{2}"             # client, therapist
    dyad = "D[0-9]{2}"
    id = "D[0-9]{2}_S[0-9]{2}"        # sessions
    rater = "R[0-9]{1,2}"

    [retention]
    years = 10                        # from the beginning of each recording; or keep_until = 2036-12-31

    [[covariate]]
    name = "orientation"
    of = "therapist"                  # client, therapist, dyad or session; or a list of them
    levels = ["cbt", "dynamic", "systemic"]
    [[covariate]]
    name = "experience"
    of = ["therapist"]
    unit = "years"
    low = 0
    high = 60

    [[recipient]]
    name = "Data manager"
    key = "age1…"                     # the key stores of the study are opened by this identity too

    [rating]                          # see acquisition.session.rating_settings
    shows = "nothing"

The file lies beside the session files, or in a folder above them.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from acquisition.errors import SessionError
from acquisition.session.patterns import CodePatterns, read_patterns
from acquisition.session.rating_settings import RatingSettings, read_rating
from acquisition.session.toml_table import TomlTable, parse, read

STUDY_NAME = "study.toml"
WHOSE = ("client", "therapist", "dyad", "session")
"""What a covariate may be of."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RECIPIENT = re.compile(r"age1[0-9a-z]{58}")
_MOST_PARENTS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Covariate:
    """Declare a covariate: a level of a list, or a number with a unit.

    Parameters
    ----------
    of : tuple of str
        Of `WHOSE`.
    levels : tuple of str
        What it may be; () of a number.
    unit : str
        Of a number; "1" where it has none.
    low, high : float
        Bounds of a number, both included.
    """

    name: str
    of: tuple[str, ...]
    levels: tuple[str, ...] = ()
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    text: str = ""

    @property
    def kind(self) -> str:
        """Return "level" or "number"."""
        return "level" if self.levels else "number"

    @property
    def rule(self) -> str:
        """Say what it may be."""
        if self.levels:
            return f"must be one of {', '.join(self.levels)}"
        bounds = f" from {self.low:g} to {self.high:g}" if math.isfinite(self.low + self.high) else ""
        return f"must be a number{bounds}" + ("" if self.unit == "1" else f" [{self.unit}]")

    def value(self, said: object) -> str | float:
        """Return a value as it is used.

        Raises
        ------
        ValueError
            If it is not allowed; says what is.
        """
        if self.levels:
            if isinstance(said, str) and said in self.levels:
                return said
            raise ValueError(self.rule)
        try:
            number = math.nan if isinstance(said, bool) else float(str(said))
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and self.low <= number <= self.high):
            raise ValueError(self.rule)
        return number


@dataclass(frozen=True, slots=True)
class Retention:
    """Say how long recordings are kept: years from their beginning, or a date; 0 and "" without end."""

    years: int = 0
    keep_until: str = ""

    def until(self, began: date) -> str:
        """Return until when a recording of that day is kept (ISO 8601); "" without end."""
        if self.keep_until or not self.years:
            return self.keep_until
        day = 28 if (began.month, began.day) == (2, 29) else began.day
        return began.replace(year=began.year + self.years, day=day).isoformat()


@dataclass(frozen=True, slots=True)
class StudyRecipient:
    """Name who else opens the key stores of a study; `key` is a recipient of age."""

    name: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Hold a study file.

    Parameters
    ----------
    covariates : mapping
        Name → what it may be.
    code_patterns : CodePatterns
        Which codes and ids fit.
    """

    path: Path
    name: str = ""
    code_patterns: CodePatterns = field(default_factory=CodePatterns)
    covariates: Mapping[str, Covariate] = field(default_factory=dict)
    retention: Retention = Retention()
    recipients: tuple[StudyRecipient, ...] = ()
    rating: RatingSettings = field(default_factory=RatingSettings)


def read_study(path: str | Path) -> Study:
    """Read a study file.

    Raises
    ------
    SessionError
        With every fault at once.
    """
    path = Path(path)
    text, faults = read(path)
    data: dict[str, object] = {}
    if not faults:
        data, faults = parse(text)
    if faults:
        raise SessionError(path, faults)
    top = TomlTable("", data, faults)
    name, patterns = _head(top)
    study = Study(
        path=path,
        name=name,
        code_patterns=patterns,
        covariates=_covariates(top),
        retention=_retention(top),
        recipients=tuple(_recipient(table) for table in top.tables("recipient")),
        rating=read_rating(top),
    )
    top.finish()
    if faults:
        raise SessionError(path, faults)
    return study


def find_study(beside: Path) -> Path | None:
    """Return the study file in the folder of a session file or recording, or in the nearest folder above.

    Where a file system has owners, one that is neither the user's nor the folder's nor the system's is passed
    over: what lies in a shared folder such as /tmp may be anybody's.
    """
    start = beside.absolute()
    start = start if start.is_dir() else start.parent
    for folder in (start, *list(start.parents)[:_MOST_PARENTS]):
        file = folder / STUDY_NAME
        if file.is_file() and _trusted(file, start):
            return file
    return None


def study_of(beside: Path, said: Path | None = None) -> Study | None:
    """Return the study that was named, else the one that is found from a place; None if there is none.

    Raises
    ------
    SessionError
        See `read_study`.
    """
    path = said or find_study(beside)
    return None if path is None else read_study(path)


def study_for(top: TomlTable, base: Path | None, study: Study | None) -> Study | None:
    """Return the study that was named, else that of a folder; what is wrong with it is a fault of `top`."""
    try:
        return study or (study_of(base) if base is not None else None)
    except SessionError as error:
        top.faults += str(error).splitlines()
        return None


def _trusted(file: Path, start: Path) -> bool:
    if not hasattr(os, "getuid"):
        return True
    try:
        beside = {start.stat().st_uid} if start.exists() else set()
        return file.stat().st_uid in {0, os.getuid(), *beside}
    except OSError:
        return False


def _head(top: TomlTable) -> tuple[str, CodePatterns]:
    table = top.table("study")
    if table is None:
        return "", CodePatterns()
    name = table.text("name")
    patterns = read_patterns(table)
    table.finish()
    return name, patterns


def _covariates(top: TomlTable) -> dict[str, Covariate]:
    found: dict[str, Covariate] = {}
    for table in top.tables("covariate"):
        one = _covariate(table)
        if one.name in found:
            table.fault("name", "is declared twice")
        if one.name:
            found[one.name] = one
    return found


def _covariate(table: TomlTable) -> Covariate:
    name = table.text("name", required=True, pattern=_NAME, what="lower-case letters, digits and _")
    of = _of(table)
    levels = table.texts("levels")
    if len(set(levels)) != len(levels) or any(not level.strip() for level in levels):
        table.fault("levels", "must differ from each other, and not be empty")
    unit = table.text("unit", longest=40)
    low = table.number("low", -math.inf, low=-1e12, high=1e12)
    high = table.number("high", math.inf, low=-1e12, high=1e12)
    if bool(levels) == bool(unit):
        table.fault("levels", 'either levels, or the unit of a number (unit = "1" where it has none)')
    if levels and ("low" in table.data or "high" in table.data):
        table.fault("low", "only of a number")
    if low > high:
        table.fault("low", "must not be above high")
    text = table.text("text", longest=400)
    table.finish()
    return Covariate(name=name, of=of, levels=levels, unit=unit, low=low, high=high, text=text)


def _of(table: TomlTable) -> tuple[str, ...]:
    value = table.data.get("of")
    if isinstance(value, list):
        of = table.texts("of", choices=WHOSE)
        if not of and not value:
            table.fault("of", f"must name at least one of {', '.join(WHOSE)}")
        return of
    said = table.text(
        "of", required=True, choices=WHOSE, what=f"one of {', '.join(WHOSE)}, or a list of them"
    )
    return (said,) if said else ()


def _retention(top: TomlTable) -> Retention:
    table = top.table("retention")
    if table is None:
        return Retention()
    years = table.whole("years", 0, low=1, high=100)
    until = table.date("keep_until")
    if years and until:
        table.fault("years", "either years or keep_until")
    table.finish()
    return Retention(years, until)


def _recipient(table: TomlTable) -> StudyRecipient:
    name = table.text("name", required=True, what="who that is: an office, no person's name")
    key = table.text("key", required=True, pattern=_RECIPIENT, what="must be a recipient of age: age1…")
    table.finish()
    return StudyRecipient(name, key)
