"""Whose a rating is: of whom it tells, by whom it was given, and which keys seal it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.protection.sealed_rows import keys_beside
from acquisition.protection.vault import TOGETHER
from acquisition.session.patterns import CodePatterns
from acquisition.session.session import Session
from acquisition.stream import PEOPLE, Role

BY = " by "
"""Between whom a rating is of and who gave it, in the head of a sealed file."""


@dataclass(frozen=True, slots=True)
class Whose:
    """Say of whom a rating tells, and which of the two people gave it; `by` is None of any other rater."""

    of: Role
    by: Role | None = None

    def __str__(self) -> str:
        """Return it in the words of a head."""
        return str(self.of) + (f"{BY}{self.by}" if self.by else "")

    @classmethod
    def read(cls, text: str) -> Whose | None:
        """Read the words of a head; None if they say nothing of that kind."""
        of, _, by = text.partition(BY)
        known = of in tuple(Role) and (not by or by in PEOPLE)
        return cls(Role(of), Role(by) if by else None) if known else None

    @property
    def people(self) -> tuple[Role, ...]:
        """Return the people whose it is: with either's withdrawal it goes, or is sealed anew."""
        named = {self.of, self.by} if self.of in PEOPLE else set(PEOPLE)
        return tuple(role for role in PEOPLE if role in named)

    def theirs(self, role: Role) -> bool:
        """Tell whether a rating goes when a person withdraws: it is of them, or they gave it."""
        return role in (self.of, self.by)


def key_of(recording: Path, whose: Whose, without: Role | None = None) -> str:
    """Return the id of the key, or of the keys together, that seal a rating; "" if nothing is sealed.

    Raises
    ------
    RecordingError
        If a person whose it is has no file there any more.
    """
    there = {role: key for role, key in keys_beside(recording).items() if role is not without}
    if not there:
        return ""
    own = [there[role] for role in whose.people if role in there]
    if not own:
        raise RecordingError(f"{recording}: nothing of the {whose.of} is there any more")
    return TOGETHER.join(own)


def rater_of(session: Session | None, said: str) -> tuple[str, Role | None]:
    """Return the code under which somebody rates, and which of the two people that is.

    Parameters
    ----------
    said : str
        client, therapist, the code of one of them, or that of a rater.

    Raises
    ------
    RecordingError
        If it is no code.
    """
    for role in PEOPLE:
        code = session.code(role) if session is not None else ""
        if said in (str(role), code) and said:
            return code or str(role), role
    fault = (session.patterns if session is not None else CodePatterns()).fault("rater", said)
    if fault:
        raise RecordingError(f"--rater {said[:40]!r}: {fault} (or {', '.join(PEOPLE)})")
    return said, None
