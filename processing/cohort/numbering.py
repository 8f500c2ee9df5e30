"""Which session of its dyad each recording is: as it says, else by the time of its start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from processing.cohort.known import Known

AMEND = "attune amend {path} {key}={value} --why …"


@dataclass(frozen=True, slots=True)
class Placed:
    """Hold a recording with its number within the dyad; `by` says from what: number or start."""

    known: Known
    number: int
    by: str

    @property
    def dyad(self) -> str:
        """Return the code of the dyad."""
        return self.known.text("dyad")


def placed(known: Sequence[Known]) -> tuple[list[Placed], dict[str, str]]:
    """Give each recording its place.

    Returns
    -------
    placed : list of Placed
        In the order of dyads and numbers.
    refused : dict
        Path of a recording → why it has none, and what helps.
    """
    refused: dict[str, str] = {}
    dyads: dict[str, list[Known]] = {}
    for one in known:
        if not one.text("dyad"):
            refused[one.path] = "no code of a dyad: " + AMEND.format(path=one.path, key="dyad", value="D01")
        else:
            dyads.setdefault(one.text("dyad"), []).append(one)
    found: list[Placed] = []
    for dyad in sorted(dyads):
        mine, why = _in_order(_of_the_same_people(sorted(dyads[dyad], key=_order), refused))
        found += mine
        refused |= why
    return found, refused


def _order(one: Known) -> tuple[int, str, str]:
    return int(one.keys.get("session") or 0), one.text("started"), one.path


def _of_the_same_people(dyad: Sequence[Known], refused: dict[str, str]) -> list[Known]:
    """Return the sessions of one dyad whose people are those of its first; a code may be unsaid."""
    kept: list[Known] = []
    first: dict[str, Known] = {}
    for one in dyad:
        others = [
            (role, first[role])
            for role in ("client", "therapist")
            if one.text(role) and role in first and first[role].text(role) != one.text(role)
        ]
        if others:
            role, of = others[0]
            refused[one.path] = (
                f"{role} {one.text(role)}, but {of.text(role)} in {of.path}, of the same dyad "
                f"{one.text('dyad')}: " + AMEND.format(path=one.path, key=role, value=of.text(role))
            )
            continue
        first |= {role: one for role in ("client", "therapist") if one.text(role) and role not in first}
        kept.append(one)
    return kept


def _in_order(dyad: Sequence[Known]) -> tuple[list[Placed], dict[str, str]]:
    numbered = [one for one in dyad if one.keys.get("session")]
    if not numbered:
        return _by_start(dyad)
    refused = {
        one.path: f"no number, while others of dyad {one.text('dyad')} have one: "
        + AMEND.format(path=one.path, key="number", value="N")
        for one in dyad
        if not one.keys.get("session")
    }
    taken: dict[int, Known] = {}
    found = []
    for one in numbered:
        number = int(one.keys["session"] or 0)
        if number in taken:
            refused[one.path] = f"number {number}, as {taken[number].path}: which is it? " + AMEND.format(
                path=one.path, key="number", value="N"
            )
            continue
        taken[number] = one
        found.append(Placed(one, number, "number"))
    return found, refused


def _by_start(dyad: Sequence[Known]) -> tuple[list[Placed], dict[str, str]]:
    """Number the sessions of a dyad by their starts; refuse all where two cannot be told apart."""
    starts = [one.text("started") for one in dyad]
    if len(dyad) > 1 and (not all(starts) or len(set(starts)) < len(starts)):
        why = f"dyad {dyad[0].text('dyad')}: neither numbers nor starts tell the order of its sessions: "
        return [], {one.path: why + AMEND.format(path=one.path, key="number", value="N") for one in dyad}
    ordered = sorted(dyad, key=lambda one: (_moment(one.text("started")), one.path))
    return [Placed(one, number, "start") for number, one in enumerate(ordered, 1)], {}


def _moment(started: str) -> float:
    """Return a wall time [s since 1970]; one without a zone counts as UTC."""
    if not started:
        return 0.0
    try:
        when = datetime.fromisoformat(started)
    except ValueError:
        return 0.0
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
