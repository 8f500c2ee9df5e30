"""What a file of another program holds, in our terms, before anybody says whose it is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import UnitError
from acquisition.stream import FloatArray, Modality
from acquisition.units import factor

HEAD = 1 << 16
"""Bytes that a layout may look at to be recognised."""
MAX_TEXT_BYTES = 1 << 30
MAX_STREAMS = 512
_AXIS = re.compile(r"(.*?)[ _.-]?([xyzXYZ])$")
MAX_SECONDS = 12 * 3600.0
"""Longest session that is processed: no part of the processing is bounded beyond it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Found:
    """Hold a stream of a file.

    Parameters
    ----------
    name : str
        As the file calls it; it asks for the stream on the command line.
    modality : Modality
    unit : str
        As `acquisition.units` spells it; "" where the file does not say.
    sfreq : float
        Nominal rate [Hz]; 0 for irregular streams.
    times : ndarray, shape (n_samples,)
        Stamps [s] on the file's own clock, with clock offsets applied.
    samples : ndarray, shape (n_samples, n_channels)
        An object array of str for text.
    own : bool
        These are events of ours, exported before: they come back as what they were.
    began : float
        Stamp of the first sample in the file [s], where only a part of it was read; else nan.
    """

    name: str
    modality: Modality
    unit: str
    sfreq: float
    times: FloatArray
    samples: NDArray[Any]
    labels: tuple[str, ...] = ("",)
    own: bool = False
    began: float = math.nan


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FoundFile:
    """Hold what a file was recognised as.

    Parameters
    ----------
    layout : str
        Vendor and kind.
    streams : tuple of Found
        What can be imported.
    epoch : float
        Unix time at second 0 of the file's clock [s]; nan where the file does not say.
    zoned : bool
        `epoch` is in UTC; False where the file gives the time of a clock on the wall.
    resolution : float
        To how many seconds `epoch` is known.
    opened : str
        When the file was begun, ISO 8601, where its own clock has no such zero; good to a second or so.
    left_out : tuple of str
        What is there and cannot be imported, and why.
    damage : tuple of str
        What could not be read, with its place.
    notes : tuple of str
        What was guessed, dropped or converted.
    """

    path: Path
    layout: str
    streams: tuple[Found, ...]
    epoch: float = math.nan
    zoned: bool = True
    resolution: float = 0.0
    opened: str = ""
    left_out: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Hold what the user says of files because they do not say it themselves; "" is unsaid.

    Parameters
    ----------
    separator, decimal, header : str
        Of tables; header is yes or no.
    time_unit : str
        Unit of time columns: s, ms, us, ns, min, h or days.
    sensors : mapping
        Channel → modality, where the file calls a channel raw.
    units : mapping
        Modality → unit, where the file says none.
    part : tuple of float
        From when to when the recording is wanted [s since the first sample]: a long file is read no further.
    heeded : set
        What of this a reader went by, as (name, value): what none does is refused, not passed over.
    """

    separator: str = ""
    decimal: str = ""
    header: str = ""
    time_unit: str = ""
    sensors: dict[str, Modality] = field(default_factory=dict)
    units: dict[Modality, str] = field(default_factory=dict)
    part: tuple[float, float] = (-math.inf, math.inf)
    heeded: set[tuple[str, str]] = field(default_factory=set, compare=False)

    def heed(self, name: Literal["separator", "decimal", "header", "time_unit"]) -> str:
        """Return what is said, to go by it."""
        said = str(getattr(self, name))
        self.heeded.add((name, said))
        return said

    def sensor(self, *channels: str) -> Modality | None:
        """Return what the first of these names or numbers of a channel that is told of holds."""
        told = next((c for c in channels if c in self.sensors), None)
        if told is None:
            return None
        self.heeded.add(("sensors", told))
        return self.sensors[told]

    def unit(self, modality: Modality, said: str) -> str:
        """Return the unit that a file says, else the one that is told of; one told of alike is gone by."""
        told = self.units.get(modality, "")
        if told and (not said or _alike(said, told, modality)):
            self.heeded.add(("units", modality))
        return said or told


def _alike(one: str, other: str, modality: Modality) -> bool:
    try:
        return one.casefold() == other.casefold() or factor(one, modality) == factor(other, modality)
    except UnitError:  # a resistance, or a spelling that is not known
        return False


class Peek(NamedTuple):
    """Hold what a layout is recognised by: the path, its first bytes, and its first lines as text."""

    path: Path
    head: bytes
    lines: tuple[str, ...]

    @property
    def suffix(self) -> str:
        """Return the ending, in small letters."""
        return self.path.suffix.casefold()

    @property
    def name(self) -> str:
        """Return the file's name, in small letters."""
        return self.path.name.casefold()

    @property
    def first(self) -> str:
        """Return the first line."""
        return self.lines[0] if self.lines else ""


class Layout(NamedTuple):
    """Name a layout, tell a file of it, and read one."""

    title: str
    recognise: Callable[[Peek], bool]
    read: Callable[[Path, Hints], FoundFile]
    foreign: bool = False
    """Another library reads it: in a process of its own, since a damaged file may keep that busy for ever."""


def single(values: NDArray[Any]) -> NDArray[Any]:
    """Return one channel as a column."""
    return np.ascontiguousarray(values).reshape(len(values), 1)


def markers(name: str, times: Sequence[float] | FloatArray, texts: Sequence[str], label: str) -> Found:
    """Return texts at moments as a stream of markers; those at one moment stay as they were written.

    Parameters
    ----------
    times : sequence of float, length n
        Seconds on the file's own clock, in any order.
    texts : sequence of str, length n
    label : str
        What the texts are called.
    """
    at = np.asarray(times, np.float64)
    order = np.argsort(at, kind="stable")
    return Found(
        name=name,
        modality=Modality.MARKERS,
        unit="",
        sfreq=0.0,
        times=at[order],
        samples=single(np.array(texts, object)[order]),
        labels=(label,),
    )


def even(n: int, sfreq: float, start: float = 0.0) -> FloatArray:
    """Return the stamps of n samples at an even rate [s]."""
    return start + np.arange(n) / sfreq


def joined(streams: Sequence[Found]) -> list[Found]:
    """Return streams of which those of one name are parts that follow one another, each in one piece.

    Parts are put in the order of their first stamps; streams without samples are parts of nothing.
    """
    parts: dict[tuple[str, Modality, str, tuple[str, ...]], list[Found]] = {}
    for found in streams:
        parts.setdefault((found.name, found.modality, found.unit, found.labels), []).append(found)
    out = []
    for several in parts.values():
        order = sorted((f for f in several if len(f.times)), key=lambda f: float(f.times[0])) or several[:1]
        times = np.concatenate([f.times for f in order])
        samples = np.concatenate([f.samples for f in order])
        out.append(replace(order[0], times=times, samples=samples))
    return out


def in_axes(streams: Sequence[Found]) -> list[Found]:
    """Return streams of which three of acceleration that are x, y and z of one sensor are one."""
    axes: dict[str, dict[str, Found]] = {}
    for found in streams:
        if found.modality is Modality.ACC and found.samples.shape[1] == 1 and (m := _AXIS.match(found.name)):
            axes.setdefault(m[1], {})[m[2].casefold()] = found
    whole = {
        stem: [three[a] for a in "xyz"]
        for stem, three in axes.items()
        if set(three) == set("xyz")
        and len({(f.unit, f.sfreq, len(f.times)) for f in three.values()}) == 1
        and all(np.array_equal(f.times, three["x"].times) for f in three.values())
    }
    parts = {id(f): stem for stem, three in whole.items() for f in three}
    out = []
    for found in streams:
        stem = parts.get(id(found))
        if stem is None:
            out.append(found)
        elif found is whole[stem][0]:
            samples = np.hstack([f.samples for f in whole[stem]])
            name = stem.strip(" _-.") or "acc"
            out.append(replace(found, name=name, samples=samples, labels=("x", "y", "z")))
    return out
