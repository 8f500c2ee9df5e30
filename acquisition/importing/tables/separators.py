"""Between which signs the cells of a table stand, and which sign parts decimals."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from acquisition.errors import RecordingError
from acquisition.importing.found import Hints

MISSING = frozenset(
    (
        "",
        "na",
        "n/a",
        "nan",
        "null",
        "none",
        "-",
        "-nan",
        "inf",
        "-inf",
        "#n/a",
        "nan.0",
        "+inf",
        "infinity",
        "-infinity",
        "#num!",
        "#value!",
        "#div/0!",
        "1.#qnan",
        "-1.#ind",
        "?",
    )
)
"""Spellings of a cell without a value."""
NOT_NUMBERS = frozenset(("nan", "-nan", "+nan", "inf", "-inf", "+inf", "infinity", "-infinity"))
"""Spellings of a number that is none, as programs write it where a number belongs."""
SEPARATORS = ("\t", ";", ",")
BLANKS = " "
"""Separator of columns that stand apart by any number of blanks."""
NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_DAY = r"\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{4}"
_HOURS = r"\d{1,2}:\d\d(:\d\d)?([.,]\d+)?(\s?[APap][Mm])?"
STAMP = re.compile(rf"({_DAY})([T ]+({_HOURS}))?(Z|[+-]\d\d:?\d\d)?|{_HOURS}")


_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(,\d{3})+\.\d+"),
    ",": re.compile(r"[+-]?\d{1,3}([.\u0020\u00a0\u202f']\d{3})+,\d+"),
}
"""Numbers in groups of thousands whose decimals tell that the other sign parts groups."""


class Reading(NamedTuple):
    separator: str
    decimal: str


def split(line: str, separator: str) -> list[str]:
    """Return the cells of a line."""
    if separator == BLANKS:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def is_number(cell: str, decimal: str = ".") -> bool:
    """Tell whether a cell holds a number."""
    text = cell.strip().strip('"')
    if _GROUPED[decimal].fullmatch(text):
        return True
    return bool(NUMBER.fullmatch(text)) and (decimal in text or not ({".", ","} - {decimal}) & set(text))


def number(cell: str, decimal: str = ".") -> float:
    """Return the number in a cell; nan where there is none.

    Raises
    ------
    ValueError
        If it holds something else.
    """
    text = cell.strip().strip('"')
    if text.casefold() in MISSING:
        return math.nan
    if _GROUPED[decimal].fullmatch(text):
        text = "".join(c for c in text if c.isdigit() or c in "+-" or c == decimal)
    return float(text.replace(",", ".") if decimal == "," else text)


def reading_of(path: Path, rows: Sequence[str], before: Sequence[str], hints: Hints, said: str) -> Reading:
    """Return separator and decimal sign, or refuse with both readings."""
    asked, sign_of = hints.heed("separator"), {"tab": "\t", "blank": BLANKS, "blanks": BLANKS}
    separator, asked_decimal = sign_of.get(asked, asked) or said, hints.heed("decimal")
    _no_comma_for_both(path, rows, _names(before), separator, asked_decimal)
    choices = [separator] if separator else [*SEPARATORS, BLANKS]
    scored: list[tuple[float, int, Reading]] = []
    for sign in choices:
        for decimal in [asked_decimal] if asked_decimal else [".", ","]:
            if sign == decimal and not all('"' in row for row in rows):
                continue
            table = [split(row, sign) for row in rows]
            score, n = _score(table, decimal)
            if n and (n > 1 or separator or not any(s in row for row in rows for s in "\t;")):
                scored.append((score, n, Reading(sign, decimal)))
    if not scored:
        raise RecordingError(
            f"{path}: no table with as many cells in each line; --separator and --decimal say how"
        )
    best = max(score for score, _, _ in scored)
    fit = [s for s in scored if s[0] >= best - 1e-9]
    return _one(path, rows, before, fit, bool(asked_decimal or separator))


def _names(before: Sequence[str]) -> str:
    """Return the line right above the data, blank ones and comments left out."""
    return next((line for line in reversed(before) if line.strip() and not line.startswith("#")), "")


def _no_comma_for_both(path: Path, rows: Sequence[str], names: str, separator: str, decimal: str) -> None:
    """Refuse a table in which a comma stands both between columns and before decimals."""
    if separator not in ("", ",") or decimal == "." or any(set(row) & set('\t;."') for row in rows):
        return
    widths = {row.count(",") + 1 for row in rows}
    named = split(names, ",")
    twice = len(named) > 1 and widths == {2 * len(named)} and not any(map(is_number, named))
    if twice or (separator == decimal == ","):
        cells = f"{max(widths)} cells for {len(named)} names" if twice else f"{max(widths)} cells"
        raise RecordingError(
            f"{path}: {rows[0].strip()[:40]!r} has {cells}: a comma cannot stand between columns and before "
            'decimals both; save it with another sign (--separator ";"), or say --separator , --decimal . if '
            "each comma parts two columns"
        )


def _score(table: Sequence[Sequence[str]], decimal: str) -> tuple[float, int]:
    """Return the share of cells that hold numbers in rows of the commonest width, and that width."""
    widths = [len(row) for row in table]
    width = max(set(widths), key=lambda w: (widths.count(w), w))
    cells = [cell for row in table if len(row) == width for cell in row]
    good = sum(is_number(c, decimal) or c.casefold() in MISSING or bool(STAMP.fullmatch(c)) for c in cells)
    return (good / max(len(cells), 1)) * widths.count(width) / len(widths), width


def _one(
    path: Path, rows: Sequence[str], before: Sequence[str], fit: list[tuple[float, int, Reading]], told: bool
) -> Reading:
    """Choose among readings that fit the rows equally well."""
    names = _names(before)
    widest = [s for s in fit if s[2].separator != BLANKS and s[1] > 1]
    by_name = [s for s in widest if names and len(split(names, s[2].separator)) == s[1]]
    candidates = by_name or widest or fit
    commas = [s for s in candidates if s[2].separator == ","]
    single = (
        [s for s in fit if s[2].decimal == "," and s[2].separator != "," and s[1] == (commas[0][1] + 1) // 2]
        if commas
        else []
    )
    if commas and not by_name and not told and single and candidates[0][2].separator == ",":
        return _comma(path, rows, names, commas[0], single[0])
    # Of two decimal signs that both fit (there is none in the rows) the point stands for all.
    candidates.sort(key=lambda s: (-s[1] if s[2].separator != BLANKS else 0, s[2].decimal != "."))
    return candidates[0][2]


def _comma(
    path: Path,
    rows: Sequence[str],
    names: str,
    as_separator: tuple[float, int, Reading],
    as_decimal: tuple[float, int, Reading],
) -> Reading:
    """Decide whether a comma stands between columns or before decimals."""
    tails = [part for row in rows for part in re.findall(r",(\d+)", row)]
    heads = [part for row in rows for part in re.findall(r"([+-]?\d+),", row)]
    if any("." in row for row in rows):
        return as_separator[2]
    if any(len(t) > 1 and t.startswith("0") for t in tails) or (
        names and len(split(names, ",")) == as_decimal[1]
    ):
        return as_decimal[2]
    if (
        len({len(t) for t in tails}) > 1
        and any(len(h) > 1 for h in heads)
        and min(len(t) for t in tails) == 1
    ):
        return as_separator[2]
    row = rows[0].strip()[:40]
    cells = " and ".join(split(row, ",")[:2])
    raise RecordingError(
        f"{path}: {row!r} can be read in two ways (a decimal comma: "
        f"{row.split()[0].replace(',', '.')}, or two "
        f"columns: {cells}); say --decimal , or --separator ,"
    )
