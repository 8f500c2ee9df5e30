"""Letters beside the note box: a lone one marks, three or more in quick succession are typing. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from acquisition.events.vocabulary import Code

QUICK = 0.4
"""Seconds within which a letter belongs to the one before."""
TYPING = 3
"""Letters, each quick, that are typing."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Hold a key that was pressed beside the boxes.

    Parameters
    ----------
    text : str
        What it would have written.
    time : float
        The LSL clock at the press [s].
    code : Code or None
        The marker whose key it is.
    ago : bool
        Whether Shift was held: about ten seconds ago.
    counts : bool
        Whether it is a letter; a space or a comma goes along with those before it.
    """

    text: str
    time: float
    code: Code | None = None
    ago: bool = False
    counts: bool = True


class Letters:
    """Hold letters back until it is known whether they mark or are typed.

    Parameters
    ----------
    mark : callable
        Stores the marker of a letter that was not typing.
    write : callable
        Takes typed text, and the LSL clock at its first letter [s].
    """

    def __init__(self, mark: Callable[[Letter], object], write: Callable[[str, float], object]) -> None:
        self._mark, self._write = mark, write
        self._held: list[Letter] = []
        self._typing = False

    @property
    def held(self) -> bool:
        """Tell whether a letter waits."""
        return bool(self._held)

    def press(self, letter: Letter, gap: float) -> bool:
        """Take a key; tell whether it was taken: what is no letter is so only among letters.

        `gap` is the time since the letter before [s].
        """
        if not gap <= QUICK:
            self.settle()
            self._typing = False
        if not letter.counts and not (self._held or self._typing):
            return False
        self._held.append(letter)
        if self._typing or sum(held.counts for held in self._held) >= TYPING:
            self._typing = True
            held, self._held = self._held, []
            self._write("".join(each.text for each in held), held[0].time)
        return True

    def wrote(self) -> None:
        """Note that the note box itself took a letter: what follows quickly is typing as well."""
        self._typing = True

    def settle(self) -> None:
        """Wait no longer: the letters that are held were no typing, and mark."""
        held, self._held = self._held, []
        for letter in held:
            if letter.code is not None:
                self._mark(letter)
