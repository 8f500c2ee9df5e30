"""Which codes and ids a study allows: its own patterns, or those that hold where no study says."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from acquisition.session.toml_table import TomlTable, show

CODE = re.compile(r"[A-Za-z]{0,4}\d{1,6}")
CODE_RULE = "must be a code: at most four letters, then one to six digits, such as C07; never a name"
SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
ID_RULE = "must be letters, digits, _ and -, at most 64, and no name; such as D07_S03"
NAME = re.compile(r"[A-Z][a-zà-ÿ]+([ _-][A-Z][a-zà-ÿ]+)+")
"""Two or more capitalised words and no digit: taken for a person's name where no study decides."""
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
"""Whatever a study says: codes and ids become names of files."""
KINDS = ("code", "dyad", "id", "rater")
_NAMES = ("Maria", "Huber", "maria", "huber", "Maria_Huber", "MariaHuber", "Maria-Huber", "M.Huber")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class CodePatterns:
    """Hold patterns (regular expressions, of the whole text) of people's codes, dyads, session ids, raters.

    "" is what holds without a study.
    """

    code: str = ""
    dyad: str = ""
    id: str = ""
    rater: str = ""

    def fault(self, kind: str, value: str) -> str:
        """Say why a value does not fit, and what would; "" if it does.

        Parameters
        ----------
        kind : str
            One of `KINDS`.
        """
        own: str = getattr(self, kind)
        if own:
            fits = bool(SAFE.fullmatch(value) and re.fullmatch(own, value))
        elif kind == "id":
            fits = bool(SESSION_ID.fullmatch(value) and not NAME.fullmatch(value))
        else:
            fits = bool(CODE.fullmatch(value))
        return "" if fits else self.rule(kind)

    def rule(self, kind: str) -> str:
        """Say what fits."""
        own: str = getattr(self, kind)
        if own:
            return f"must fit {show(own)}, as the study says"
        return ID_RULE if kind == "id" else CODE_RULE

    def said(self) -> dict[str, str]:
        """Return the study's own patterns by kind."""
        return {kind: pattern for kind, pattern in asdict(self).items() if pattern}


def read_patterns(table: TomlTable) -> CodePatterns:
    """Take the patterns of a table; one that is none, or that lets names in, is a fault."""
    return CodePatterns(**{kind: _pattern(table, kind) for kind in KINDS})


def _pattern(table: TomlTable, kind: str) -> str:
    text = table.text(kind, longest=_LONGEST)
    if not text:
        return ""
    try:
        pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        table.fault(kind, f"no regular expression ({error})")
        return ""
    if fits := [name for name in _NAMES if pattern.fullmatch(name)]:
        table.fault(kind, f"lets names in: {fits[0]} fits; ask for digits, as in C[0-9]{{2}}")
        return ""
    return text
