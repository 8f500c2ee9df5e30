"""A finding: one thing that was looked at, what is so, and what would mend it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "missing", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Hold what was found.

    Parameters
    ----------
    about : str
        What was looked at.
    state : str
        "ok"; "note": something will be unavailable or is worth knowing; "missing": recording with a window
        cannot work; "unknown": it cannot be told here.
    said : str
        What is so, in one line.
    mend : str
        What to do, "" if nothing.
    packages : tuple of str
        Debian packages that mend it.
    """

    about: str
    state: State
    said: str
    mend: str = ""
    packages: tuple[str, ...] = ()


Check = Callable[[], Iterable[Finding]]


def examined(about: str, check: Check) -> list[Finding]:
    """Return the findings of a check; one that fails itself is a finding too."""
    try:
        return list(check())
    except Exception as error:  # whatever a strange machine does, the other findings are still wanted
        first = next(iter(str(error).splitlines()), "")
        said = f"cannot be told ({type(error).__name__}: {first})" if first else "cannot be told"
        return [Finding(about=about, state="unknown", said=said)]
