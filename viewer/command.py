"""A command of the window: what it does, its keys, its words, and in which faces it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from viewer.operator import Operator

Face = Literal["live", "watch", "review", "blind", "cued", "joint", "corrections"]
"""What a window is: it marks a recording, only shows one, or is one of the faces of a review."""
Do = Callable[["Operator"], object]
LIVE: frozenset[Face] = frozenset({"live"})
OPEN: frozenset[Face] = frozenset({"live", "watch"})
LISTED: frozenset[Face] = frozenset({"review", "blind"})
EDITED: frozenset[Face] = LISTED | {"joint"}
LANES: frozenset[Face] = OPEN | EDITED
CUED: frozenset[Face] = frozenset({"cued"})
JOINT: frozenset[Face] = frozenset({"joint"})
CORRECTED: frozenset[Face] = frozenset({"corrections"})


SPOKEN = {"Left": "←", "Right": "→", "Up": "↑", "Down": "↓", "Return": "Enter", "-": "−"}


def spoken(key: str) -> str:
    """Return a key as a reader sees it: Ctrl+Enter, Shift+←, Ctrl++."""
    head, plus, last = key.rpartition("+") if not key.endswith("+") else (key[:-2], key[-2:-1], "+")
    return f"{head}{plus}{SPOKEN.get(last, last)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """Hold one command.

    Parameters
    ----------
    name : str
        What the code calls it.
    group, text : str
        Under which head, and in which words, it is listed.
    faces : frozenset of Face
        Where it is allowed.
    do : callable or None
        Does it; None for a line that only explains keys which are read elsewhere.
    keys : tuple of str
        As Qt names them.
    other : mapping
        Face → keys, where they differ.
    menu : str
        Its words in the View menu, "" where it is in none; {theme} stands for the other theme.
    when : callable, optional
        Tells whether it is allowed in this window at all.
    repeats : bool
        Whether it goes on while the key is held.
    shown : str
        Its keys in words, where their names say too little.
    """

    name: str
    group: str
    text: str
    faces: frozenset[Face]
    do: Do | None = None
    keys: tuple[str, ...] = ()
    other: Mapping[Face, tuple[str, ...]] = field(default_factory=dict)
    menu: str = ""
    when: Callable[[Operator], bool] | None = None
    repeats: bool = False
    shown: str = ""

    def keys_in(self, face: Face) -> tuple[str, ...]:
        """Return its keys in a face of the window."""
        return self.other.get(face, self.keys) if face in self.faces else ()

    def shown_in(self, face: Face) -> str:
        """Return its keys as a reader sees them; "" where it has none."""
        return self.shown or ", ".join(spoken(key) for key in self.keys_in(face))
