"""Values of live markers: a press is stored at once, and once more with its value when that was typed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from acquisition.errors import VocabularyError
from acquisition.event import Event, Value
from acquisition.events.vocabulary import Code, checked_value

PATIENCE = 10.0
"""Seconds after the last key until what was typed counts, or the marker stays as it is."""


@dataclass(slots=True)
class Asked:
    """Hold a press that waits for its value."""

    code: Code
    event: Event
    """As it was sent, without a value."""
    touched: float
    """When a key was last typed [s]."""


class ValueEntry:
    """Ask for the value of one press at a time.

    Parameters
    ----------
    store : callable
        Gives an event that was sent its value.
    now : callable
        Returns the LSL clock [s].
    """

    def __init__(self, store: Callable[[Event, Value], object], now: Callable[[], float]) -> None:
        self._store, self._now = store, now
        self.asked: Asked | None = None
        self.fault = ""

    def ask(self, code: Code, event: Event) -> None:
        """Wait for the value of a press."""
        self.finish("")
        self.asked, self.fault = Asked(code, event, self._now()), ""

    def drop(self) -> None:
        """Wait no longer: the press was undone."""
        self.asked, self.fault = None, ""

    def touch(self) -> None:
        """Note that a key was typed."""
        if self.asked is not None:
            self.asked.touched, self.fault = self._now(), ""

    def enter(self, text: str) -> bool:
        """Store what was typed; an empty text is no value. Tell whether that went well."""
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
        """Wait no longer, and store the value if it is one that the code takes."""
        if self.asked is not None and not self.enter(text):
            self._end(None)

    def poll(self, text: str) -> None:
        """Wait no longer for a value that nobody types."""
        if self.asked is not None and not self._now() - self.asked.touched < PATIENCE:
            self.finish(text)

    def _end(self, value: Value) -> None:
        asked, self.asked = self.asked, None
        if asked is not None and value is not None:
            self._store(asked.event, value)


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
