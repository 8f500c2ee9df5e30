"""Self-report instruments: items and scoring keys from TOML files, and what answers come to.

Shipped with their items are only instruments that may be reproduced; others come as a scoring key, and a
laboratory that has the right to their items imports them as a file of its own.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import InstrumentError
from acquisition.session import named_toml
from acquisition.session.session import Session
from acquisition.session.toml_table import TomlTable, parse

FOLDER = "processing.instruments"
NAME = re.compile(r"[a-z0-9_]{1,40}")
NO_CONTACT = re.compile(r"|import|none\b.*", re.IGNORECASE)
"""What stands for a crisis contact where there is none: an import writes "import", the demo "none: …"."""
MAX_ITEMS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Say how items (from 1) become a value; `turned` ones count from the other end."""

    name: str
    how: str
    items: tuple[int, ...]
    turned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """Describe an instrument.

    Parameters
    ----------
    items : tuple of str
        Their texts; empty where only the scoring key is known.
    contact_needed : bool
        It asks about self-harm: not used without a crisis contact.
    """

    name: str
    title: str
    licence: str
    source: str
    validated: bool
    lowest: float
    highest: float
    n_items: int
    scales: tuple[Scale, ...]
    items: tuple[str, ...] = ()
    instruction: str = ""
    labels: tuple[str, ...] = ()
    contact_needed: bool = False

    @property
    def stamp(self) -> str:
        """Return what has to stand beside every value."""
        return "" if self.validated else "not validated"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleValue:
    """Hold what answers came to on one scale; nan with a reason where an item was left out."""

    scale: str
    value: float
    lowest: float
    highest: float
    reason: str = ""


def shipped() -> list[str]:
    """Return the names of the instruments that come with the program."""
    return named_toml.shipped(FOLDER)


def load_instrument(name: str, base: Path | None = None) -> Instrument:
    """Read a shipped instrument by its name, or one's own by its path.

    Parameters
    ----------
    base : Path, optional
        Where a relative path starts.

    Raises
    ------
    InstrumentError
        If there is none, or on any fault in it, such as a missing licence; one line each.
    """
    text, file, fault = named_toml.find(FOLDER, name, "instrument", base)
    if fault:
        raise InstrumentError(fault)
    return parse_instrument(text, file)


def parse_instrument(text: str, place: str) -> Instrument:
    """Return the instrument that a TOML text describes; `place` names it in messages."""
    data, faults = parse(text)
    top = TomlTable("", data, faults)
    if not faults:
        found = _instrument(top, place)
        top.finish()
    if faults:
        raise InstrumentError("\n".join(f"{place}: {fault}" for fault in faults))
    return found


def _instrument(top: TomlTable, place: str) -> Instrument:
    name = re.sub(r"[^a-z0-9]+", "_", place.removesuffix(".toml").lower()).strip("_")[:40]
    items = top.texts("items")
    n_items = top.whole("n_items", len(items), low=1, high=MAX_ITEMS)
    if not n_items or (items and n_items != len(items)):
        top.fault("items", "the texts of the items, or n_items where only the key is known")
    low, high = (top.number(key, math.nan, low=-1e6, high=1e6) for key in ("lowest", "highest"))
    if not low < high:
        top.fault("highest", "lowest and highest answer are needed, the one below the other")
    return Instrument(
        name=name,
        title=top.text("title", required=True, what="the short name that people use"),
        licence=top.text(
            "licence", required=True, longest=1000, what="by what right it is used; nothing is taken without"
        ),
        source=top.text("source", required=True, longest=1000, what="where it was published"),
        validated=top.flag("validated"),
        lowest=low,
        highest=high,
        n_items=n_items,
        items=items,
        instruction=top.text("instruction", longest=1000),
        labels=top.texts("labels"),
        contact_needed=top.flag("crisis_contact"),
        scales=_scales(top, n_items),
    )


def _scales(top: TomlTable, n_items: int) -> tuple[Scale, ...]:
    out = []
    for table in top.tables("scale"):
        scale = Scale(
            name=table.text("name", required=True, pattern=NAME, what="lower-case letters, digits and _"),
            how=table.text("how", required=True, choices=("sum", "mean"), what="sum or mean"),
            items=_numbers(table, "items", n_items),
            turned=_numbers(table, "reversed", n_items),
        )
        if not scale.items:
            table.fault("items", f"numbers from 1 to {n_items}")
        if set(scale.turned) - set(scale.items):
            table.fault("reversed", "must be among the items")
        table.finish()
        out.append(scale)
    if not out:
        top.fault("scale", "missing (at least one [[scale]] with name, how and items)")
    return tuple(out)


def _numbers(table: TomlTable, key: str, n_items: int) -> tuple[int, ...]:
    values = table.take(key)
    if values is None:
        return ()
    if not isinstance(values, list) or not all(type(v) is int and 1 <= v <= n_items for v in values):
        table.fault(key, f"must be a list of whole numbers from 1 to {n_items}")
        return ()
    return tuple(values)


def refuse_without_contact(instrument: Instrument, session: Session | None) -> None:
    """Refuse an instrument that asks about self-harm where nobody is named who would be called.

    Raises
    ------
    InstrumentError
        If it needs a crisis contact and the session has none.
    """
    contact = session.crisis_contact.strip() if session else ""
    if instrument.contact_needed and NO_CONTACT.fullmatch(contact):
        raise InstrumentError(
            f"{instrument.title} asks about self-harm and is not used without a crisis contact "
            "(crisis_contact under [session] of session.toml)"
        )


def valued(instrument: Instrument, answers: Sequence[float]) -> list[ScaleValue]:
    """Return what answers come to on each scale; an item that was left out is not made up.

    Parameters
    ----------
    answers : sequence of float
        By item; nan where one was left out.

    Raises
    ------
    InstrumentError
        If there are too many or too few, or one is not among the possible ones.
    """
    if len(answers) != instrument.n_items:
        raise InstrumentError(f"{instrument.title}: {len(answers)} answers, {instrument.n_items} are needed")
    low, high = instrument.lowest, instrument.highest
    for k, value in enumerate(answers, 1):
        if not (math.isnan(value) or low <= value <= high):
            raise InstrumentError(
                f"{instrument.title}: answer {k} is {value:g}, possible are {low:g} to {high:g}"
            )
    return [_on_scale(instrument, scale, answers) for scale in instrument.scales]


def _on_scale(instrument: Instrument, scale: Scale, answers: Sequence[float]) -> ScaleValue:
    low, high = instrument.lowest, instrument.highest
    each = [low + high - answers[k - 1] if k in scale.turned else answers[k - 1] for k in scale.items]
    left_out = [str(k) for k in scale.items if math.isnan(answers[k - 1])]
    over = len(each) if scale.how == "mean" else 1
    times = 1 if scale.how == "mean" else len(each)
    return ScaleValue(
        scale=scale.name,
        value=math.nan if left_out else math.fsum(each) / over,
        lowest=low * times,
        highest=high * times,
        reason=f"left out: item {', '.join(left_out)}" if left_out else "",
    )


def read_answers(path: Path) -> tuple[float, ...]:
    """Read answers from a CSV file with the columns item (from 1) and answer; an empty answer was left out.

    Raises
    ------
    InstrumentError
        If the file cannot be read, or an item is missing or twice there.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
        found = {int(row["item"]): float(row["answer"].strip() or "nan") for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InstrumentError(f"{path}: cannot be read ({error})") from None
    except (KeyError, ValueError, AttributeError, TypeError):
        raise InstrumentError(f"{path}: needs the columns item and answer, with numbers in them") from None
    if sorted(found) != list(range(1, len(rows) + 1)) or not rows:
        raise InstrumentError(f"{path}: items must be numbered from 1, each once")
    return tuple(found[k] for k in sorted(found))
