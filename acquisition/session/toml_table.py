"""One table of a TOML file, read key by key: every fault is noted, unknown keys too; and tables written."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

MAX_BYTES = 1 << 20
"""Longest TOML file that is read."""

Scalar = str | int | float | bool


def parse(text: str) -> tuple[dict[str, Any], list[str]]:
    """Return the tables of a TOML text, and what is wrong with it as TOML."""
    if len(text) > MAX_BYTES:
        return {}, [f"longer than {MAX_BYTES} characters"]
    try:
        return tomllib.loads(text), []
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        return {}, [f"not TOML: {error}"]


def read(path: Path) -> tuple[str, list[str]]:
    """Return the text of a file, and why it cannot be read."""
    try:
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "a device or pipe"
            return "", [f"{kind}, not a file, so it is not opened"]
        if path.stat().st_size > MAX_BYTES:
            return "", [f"longer than {MAX_BYTES} bytes"]
        return path.read_text(encoding="utf-8"), []
    except FileNotFoundError:
        return "", ["no such file"]
    except UnicodeDecodeError as error:
        return "", [f"not UTF-8: byte {error.start}"]
    except OSError as error:
        return "", [f"cannot be read: {error.strerror}"]


def show(value: object) -> str:
    """Return a value as it stands in the file, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."


class TomlTable:
    """Take the values of one table; what is wrong or unknown goes to `faults`, one line each.

    Parameters
    ----------
    title : str
        How messages call the table: "[client]"; "" for the top of the file.
    data : object
        The table; anything else is a fault.
    faults : list of str
        Shared by all tables of a file.
    """

    def __init__(self, title: str, data: object, faults: list[str], *, prefix: str = "") -> None:
        self.title, self.prefix, self.faults = title, prefix, faults
        self._known: list[str] = []
        self.data: dict[str, Any] = data if isinstance(data, dict) else {}
        if not isinstance(data, dict):
            self.faults.append(f"{title} = {show(data)}: must be a table")

    def fault(self, key: str, what: str) -> None:
        """Note what is wrong with a key."""
        where = f"{self.title} {self.prefix}{key}".strip()
        self.faults.append(
            f"{where} = {show(self.data[key])}: {what}" if key in self.data else f"{where}: {what}"
        )

    def take(self, key: str) -> Any:
        """Return a raw value, None where it is absent; the key counts as known from now on."""
        self._known.append(key)
        return self.data.get(key)

    def text(
        self,
        key: str,
        *,
        required: bool = False,
        default: str = "",
        choices: Collection[str] = (),
        pattern: re.Pattern[str] | None = None,
        what: str = "must be a text",
        longest: int = 200,
    ) -> str:
        """Return a text; an empty one is refused, since absent is the way to say nothing."""
        value = self.take(key)
        if value is None:
            if required:
                self.fault(key, f"missing ({what})")
            return default
        if not isinstance(value, str) or not value.strip():
            self.fault(key, what if isinstance(value, str) else "must be a text")
        elif choices and value not in choices:
            self.fault(key, f"must be one of {', '.join(choices)}")
        elif len(value) > longest or not value.isprintable():
            self.fault(key, f"must be printable and at most {longest} characters long")
        elif pattern and not pattern.fullmatch(value):
            self.fault(key, what)
        else:
            return value
        return default

    def flag(self, key: str, *, default: bool = False) -> bool:
        """Return true or false."""
        value = self.take(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self.fault(key, "must be true or false")
        return default

    def number(self, key: str, default: float, *, low: float, high: float, unknown: bool = False) -> float:
        """Return a number within bounds; nan only where it may stand for "unknown"."""
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.fault(key, "must be a number")
        elif unknown and math.isnan(value):
            return math.nan
        elif not low <= value <= high:
            self.fault(key, f"must be from {low:g} to {high:g}")
        else:
            return float(value)
        return default

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        value = self.take(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(key, f"must be a whole number from {low} to {high}")
            return default
        return value

    def date(self, key: str) -> str:
        """Return a date as text (ISO 8601); as TOML's own or in quotes."""
        value = self.take(key)
        if value is None:
            return ""
        try:
            return date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.fault(key, "must be a date, as 2031-12-31")
            return ""

    def texts(self, key: str, *, choices: Collection[str] = ()) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v.isprintable() for v in value):
            self.fault(key, "must be a list of texts")
        elif choices and (wrong := [v for v in value if v not in choices]):
            self.fault(key, f"no {show(wrong[0])} (known: {', '.join(choices)})")
        else:
            return tuple(value)
        return ()

    def scalars(self, key: str) -> dict[str, Scalar]:
        """Return a table of plain values."""
        value = self.take(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, Scalar) for v in value.values()):
            self.fault(key, "must be a table of texts, numbers, true or false")
            return {}
        return dict(value)

    def table(self, key: str, *, required: str = "") -> TomlTable | None:
        """Return a table within this one, None where it is absent; `required` says what it should hold."""
        value = self.take(key)
        if value is None:
            if required:
                self.faults.append(f"{self._name(key)}: missing ({required})")
            return None
        if not self.title:
            return TomlTable(f"[{key}]", value, self.faults)
        return TomlTable(self.title, value, self.faults, prefix=f"{self.prefix}{key}.")

    def tables(self, key: str) -> list[TomlTable]:
        """Return an array of tables."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(key, f"must be written as [[{key}]]")
            return []
        name = f"{self.title[1:-1]}.{key}" if self.title else key
        return [TomlTable(f"[[{name}]] {i}", v, self.faults) for i, v in enumerate(value, 1)]

    def finish(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.data:
            if key not in self._known:
                self.fault(key, f"unknown key (known: {', '.join(self._known)})")

    def _name(self, key: str) -> str:
        return f"[{key}]" if not self.title else f"{self.title} {self.prefix}{key}"


def literal(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which JSON leaves as it is.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {literal(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    raise TypeError(f"no TOML for {type(value).__name__}")


def lines(title: str, values: Mapping[str, object]) -> list[str]:
    """Return a table as lines; empty texts, empty collections and None are left out."""
    kept = {k: v for k, v in values.items() if v is not None and v not in ("", (), [], {})}
    return [title, *(f"{_key(k)} = {literal(v)}" for k, v in kept.items()), ""]


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else literal(key)
