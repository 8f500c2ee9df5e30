"""Covariates in a session file: `covariates = { NAME = VALUE }` of [client], [therapist] or [session].

A study declares them (`acquisition.session.study`): names, whose they are, levels or bounds. A recording
keeps what was said when it was made, whatever its study declares later.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from acquisition.session.study import STUDY_NAME, Study
from acquisition.session.toml_table import TomlTable

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST = 80
OF = {"client": ("client",), "therapist": ("therapist",), "session": ("dyad", "session")}
"""Table of the session file → whose covariates stand in it."""
Covariates = Mapping[str, str | float]


def read_covariates(table: TomlTable, whose: str, study: Study | None, *, recorded: bool) -> Covariates:
    """Take the covariates of a table; each that its study does not declare is a fault.

    Parameters
    ----------
    whose : str
        client, therapist or session: the table.
    recorded : bool
        It is the file of a recording, which is not measured against a study.
    """
    inner = table.table("covariates")
    if inner is None:
        return {}
    found: dict[str, str | float] = {}
    for name in inner.data:
        said = inner.take(name)
        try:
            found[name] = plain(name, said) if recorded else declared(name, said, whose, study)
        except ValueError as error:
            inner.fault(name, str(error))
    return found


def plain(name: str, said: object) -> str | float:
    """Return a value that could be one.

    Raises
    ------
    ValueError
        If it could not; says what could.
    """
    if not NAME.fullmatch(name):
        raise ValueError("a name is small letters, digits and _")
    if isinstance(said, str) and said.isprintable() and 0 < len(said) <= LONGEST:
        return said
    if isinstance(said, int | float) and not isinstance(said, bool) and math.isfinite(said):
        return float(said)
    raise ValueError(f"must be a number, or 1 to {LONGEST} printable characters")


def declared(name: str, said: object, whose: str, study: Study | None) -> str | float:
    """Return a value as its study has it.

    Raises
    ------
    ValueError
        If it is not declared of whom it is said, or is not allowed; says what is.
    """
    if study is None:
        raise ValueError(f"no {STUDY_NAME} beside the session file or above declares it")
    known = {n: one for n, one in study.covariates.items() if set(OF[whose]) & set(one.of)}
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise ValueError(
            f"{study.path.name} declares no such covariate of {' or '.join(OF[whose])} (known: {names})"
        )
    return known[name].value(said)
