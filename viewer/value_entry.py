"""Values of live markers: a press keeps its time until its value was typed, or ten seconds have passed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from acquisition.errors import VocabularyError
from acquisition.event import Value
from acquisition.vocabulary import Code, checked_value

PATIENCE = 10.0
"""Seconds after the last key until the marker is stored as it is."""


@dataclass(slots=True)
class Asked:
    """Hold a press that waits for its value."""

    code: Code
    ago: bool
    time: float
    touched: float
    """When a key was last typed [s]."""


class ValueEntry:
    """Ask for the value of one press at a time.

    Parameters
    ----------
    store : callable
        Stores a press: code, about ten seconds ago or not, value, time of the press [s].
    now : callable
        Returns the LSL clock [s].
    """

    def __init__(self, store: Callable[[Code, bool, Value, float], object], now: Callable[[], float]) -> None:
        self._store, self._now = store, now
        self.asked: Asked | None = None
        self.fault = ""

    def ask(self, code: Code, ago: bool) -> None:
        """Keep a press until its value is there."""
        self.finish("")
        self.asked, self.fault = Asked(code, ago, self._now(), self._now()), ""

    def touch(self) -> None:
        """Note that a key was typed."""
        if self.asked is not None:
            self.asked.touched, self.fault = self._now(), ""

    def enter(self, text: str) -> bool:
        """Store the press with what was typed; an empty text is no value. Tell whether that went well."""
        asked = self.asked
        if asked is None:
            return True
        try:
            value = read_value(text, asked.code)
        except VocabularyError as error:
            self.fault = str(error)
            return False
        self._end(value)
        return True

    def finish(self, text: str) -> None:
        """Store the press now, with the value if it is one that the code takes."""
        if self.asked is not None and not self.enter(text):
            self._end(None)

    def poll(self, text: str) -> None:
        """Store a press that nobody types a value for."""
        if self.asked is not None and not self._now() - self.asked.touched < PATIENCE:
            self.finish(text)

    def _end(self, value: Value) -> None:
        asked, self.asked = self.asked, None
        if asked is not None:
            self._store(asked.code, asked.ago, value, asked.time)


def read_value(text: str, code: Code) -> Value:
    """Return what was typed as the code takes it: a number where it takes numbers.

    Raises
    ------
    VocabularyError
        If the code takes no such value.
    """
    text = text.strip()
    if not text:
        return None
    try:
        number = float(text.replace(",", "."))
        numeric = math.isfinite(number) and code.value[:1].isdigit()
    except ValueError:
        numeric = False
    return checked_value(number if numeric else text, code)
