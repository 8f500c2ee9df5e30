"""Import everything that is recognised in files, each of which is one person's."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from acquisition.errors import StreamError
from acquisition.importing.clock import Source
from acquisition.importing.files import FORMATS, stored
from acquisition.importing.finishing import Done, finished, refuse_damage
from acquisition.importing.found import Found, FoundFile, Hints, joined
from acquisition.importing.listing import ONE, holds_two, parted
from acquisition.importing.options import Options, refuse_unheeded
from acquisition.importing.recognition import recognised
from acquisition.importing.store import Imported, Placed
from acquisition.rates import too_slow
from acquisition.stream import Modality, Role, StreamInfo
from acquisition.units import CANONICAL

DERIVED = re.compile(
    r"filter|differentiat|derivativ|integrat|smooth|phasic|tonic|\brate\b|\bheart rate\b|\bBPM\b|template",
    re.IGNORECASE,
)
"""In the names of channels that a program computed from others."""

SAME = 0.02
"""Share by which the rates of two files of one device may differ, as their stamps tell them."""


def import_as(
    pairs: Sequence[tuple[Role, Path]],
    *,
    out: Path,
    options: Options | None = None,
    hints: Hints | None = None,
) -> Done:
    """Import all that is recognised in each file as streams of its person.

    Raises
    ------
    RecordingError, StreamError
        If a file is not recognised, says no unit, or may hold streams of both people: one line with a way
        out.
    """
    options, hints = options or Options(), hints or Hints()
    files = in_one([(role, recognised(path, hints)) for role, path in pairs])
    refuse_damage([f"{f.path}: {text}" for _, f in files for text in f.damage], options)
    items: list[Placed] = []
    notes: list[str] = []
    for number, (role, whole) in enumerate(files):
        file, said = _without_derived(whole)
        notes += said
        _refuse_two(role, file)
        items += [
            Placed(item=_imported(role, file, found, hints), file=number)
            for found in file.streams
            if len(found.times)
        ]
    refuse_unheeded(hints, [path for _, path in pairs])
    sources = [
        Source(
            path=f.path,
            epoch=f.epoch,
            zoned=f.zoned,
            resolution=f.resolution,
            own=f.layout == "XDF",
            opened=f.opened,
        )
        for _, f in files
    ]
    return finished(
        out,
        items,
        sources,
        [role for role, _ in files],
        options,
        damage=[f"{f.path.name}: {text}" for _, f in files for text in f.damage],
        notes=[*(f"{f.path.name}: {text}" for _, f in files for text in (*f.notes, *_left_out(f))), *notes],
        names=[f.path.name for _, f in files],
    )


def in_one(files: Sequence[tuple[Role, FoundFile]]) -> list[tuple[Role, FoundFile]]:
    """Return files of which those that go on where another of the same device ended are one.

    Such as the files of a quarter of an hour each that a watch writes: of one person and layout, with starts,
    and with streams of the same names that follow one another.
    """
    out: list[tuple[Role, FoundFile]] = []
    for role, file in sorted(files, key=lambda f: _begin(f[1])):
        at = next((k for k, (r, f) in enumerate(out) if r is role and _goes_on(f, file)), None)
        if at is None:
            out.append((role, file))
            continue
        before = out[at][1]
        later = [replace(f, times=f.times + (file.epoch - before.epoch)) for f in file.streams]
        out[at] = (
            role,
            replace(
                before,
                streams=tuple(joined([*before.streams, *later])),
                left_out=tuple(dict.fromkeys((*before.left_out, *file.left_out))),
                damage=(*before.damage, *(f"{file.path.name}: {text}" for text in file.damage)),
                notes=(*before.notes, *file.notes, f"goes on in {file.path.name}"),
            ),
        )
    first = [path for _, file in files for path in [file.path]]
    return sorted(out, key=lambda f: first.index(f[1].path))


def _begin(file: FoundFile) -> float:
    return min((float(f.times[0]) for f in file.streams if len(f.times)), default=0.0) + file.epoch


def _goes_on(before: FoundFile, file: FoundFile) -> bool:
    """Tell whether a file has what another has, later, and nothing at the same time."""
    if (
        before.layout != file.layout
        or before.zoned != file.zoned
        or not math.isfinite(before.epoch + file.epoch)
    ):
        return False
    signals = {f.name: f for f in before.streams if f.modality is not Modality.MARKERS and len(f.times)}
    pairs = [(signals[f.name], f) for f in file.streams if f.name in signals and len(f.times)]
    return bool(pairs) and all(
        a.unit == b.unit
        and a.labels == b.labels
        and (a.sfreq == b.sfreq or abs(a.sfreq - b.sfreq) <= SAME * a.sfreq)
        and float(a.times[-1]) + before.epoch < float(b.times[0]) + file.epoch
        for a, b in pairs
    )


def _left_out(file: FoundFile) -> list[str]:
    return [f"left out: {text}" for text in file.left_out]


def _without_derived(file: FoundFile) -> tuple[FoundFile, list[str]]:
    """Leave out what a program made of a channel that is there too: `EDA filtered, differentiated`."""
    derived = {id(f) for f in file.streams if DERIVED.search(f.name)}
    sources = {f.modality for f in file.streams if id(f) not in derived}
    out = [f for f in file.streams if id(f) in derived and f.modality in sources & ONE]
    kept = tuple(f for f in file.streams if f not in out)
    return replace(file, streams=kept), [
        f"{file.path.name}: left out: {f.name}: made of another channel" for f in out
    ]


def _refuse_two(role: Role, file: FoundFile) -> None:
    """Refuse a file with two of what a person has one of."""
    for modality in holds_two(file):
        several = [f for f in file.streams if f.modality is modality]
        names = ", ".join(f.name for f in several)
        raise StreamError(
            f"{file.path}: {len(several)} {modality} streams ({names}), which may be two people's; say "
            f"whose, without {role} before it: {parted(file.streams)}"
        )


def _imported(role: Role, file: FoundFile, found: Found, hints: Hints) -> Imported:
    unit = hints.unit(found.modality, found.unit)
    if found.modality in CANONICAL and not unit:
        raise StreamError(
            f"{file.path}: {found.name!r} says no unit of {found.modality}: --unit "
            f"{found.modality}={CANONICAL[found.modality].replace('µ', 'u')} says it"
        )
    if why := too_slow(found.modality, found.sfreq):
        raise StreamError(f"{file.path}: {found.name!r}: {why}")
    samples = stored(found.samples)
    info = StreamInfo(
        name=found.name,
        role=Role.DYAD if found.modality is Modality.MARKERS else role,
        modality=found.modality,
        sfreq=found.sfreq,
        unit=unit,
        channels=found.labels,
        format="string" if samples.dtype == object else FORMATS[samples.dtype.newbyteorder("<").str],
        source_id="",
        device="import",
        metadata={"imported_from": file.path.name, "layout": file.layout[:80]},
    )
    return Imported(
        info=info, times=found.times, samples=samples, offsets=[], own=found.own, began=found.began
    )
