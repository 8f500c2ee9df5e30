"""What the user says about an import besides what each file holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from acquisition.errors import StreamError
from acquisition.importing.found import Hints
from acquisition.session.study import Study
from acquisition.stream import Role

ALIGNMENTS = ("events", "tap", "none")
UNSAID_ERROR = 0.25
"""Error of an offset of which none is said [s]: the largest with which two people are compared."""


LEFT_OUT = {
    "separator": "--separator {said}: {files}: no table whose columns it could part",
    "decimal": "--decimal {said}: {files}: no table whose numbers could be written in more than one way",
    "header": "--header {said}: {files}: no table that leaves open where its names stand",
    "time_unit": "--time-unit {said}: {files}: no column of numbers whose unit of time is left open",
    "sensors": "--sensor {said}=…: {files}: no channel {said!r} that leaves open what it holds",
    "units": "--unit {said}=…: {files}: no {said} that leaves its unit open",
}
"""What is said of an option that no file goes by."""


class Offset(NamedTuple):
    """Say how many seconds are added to a person's stamps, and how far off that may be [s]."""

    seconds: float
    error: float = UNSAID_ERROR


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Hold what is said of the whole recording; "" and 0 are unsaid.

    Parameters
    ----------
    align : str
        How the clocks of two people are brought together: events, tap, none (they stay apart) or "".
    setting : str
        Where the two people were: room, remote or "".
    started : str
        When second 0 was, ISO 8601.
    zone : str
        Time zone of files that give the time of a clock on the wall, such as Europe/Vienna.
    part : tuple of float
        From when to when to import [s since the first sample].
    accept_damage : bool
        Import what is left of damaged files.
    sealed : bool
        Seal the recording, with keys of the two people.
    vocabulary : path, optional
        A laboratory's own vocabulary, which says what markers mean.
    study : Study, optional
        Whose codes, ids and retention hold.
    """

    align: str = ""
    offsets: dict[Role, Offset] = field(default_factory=dict)
    dyad: str = ""
    number: int = 0
    client: str = ""
    therapist: str = ""
    setting: str = ""
    started: str = ""
    zone: str = ""
    part: tuple[float, float] = (-math.inf, math.inf)
    accept_damage: bool = False
    sealed: bool = False
    vocabulary: Path | None = None
    study: Study | None = None


def refuse_unheeded(hints: Hints, paths: Sequence[Path], *, streams: bool = False) -> None:
    """Refuse what the user says of files though none of them goes by it.

    Raises
    ------
    StreamError
        Naming the option and the files.
    """
    told = [(name, getattr(hints, name)) for name in ("separator", "decimal", "header", "time_unit")]
    told += [("sensors", channel) for channel in hints.sensors]
    told += [("units", modality) for modality in hints.units]
    for name, said in told:
        if said and (name, said) not in hints.heeded:
            files = ", ".join(dict.fromkeys(path.name for path in paths))
            instead = "--stream says it" if streams and name in ("sensors", "units") else "leave it out"
            raise StreamError(f"{LEFT_OUT[name].format(said=said, files=files)}; {instead}")
