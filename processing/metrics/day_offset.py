"""The day's offset: where today's rest lies against the person's own rests, in the units of the signals.

Electrodes, coffee, the weather and the way to the session move a whole day. Under the scaling "person" that
offset is part of every level; under "anchored" it is taken out of every edge. Here it stands by itself.
"""

from __future__ import annotations

from processing.arousal.baseline import Reference
from processing.hour.measure import Definition, Measure, measure, nothing

ONE_DAY = "one rest of one day: how much days differ is seen over sessions"
HR = Definition(
    name="day_offset_hr",
    whose="person",
    unit="bpm",
    text="median heart rate of today's rest less that of all rests of the person's reference, which may hold "
    "today's (n: rests of the reference)",
    bare=ONE_DAY,
    baselines="alone",
)
SCL = Definition(
    name="day_offset_scl",
    whose="person",
    unit="ln uS",
    text="median ln SC level of today's rest less that of all rests of the person's reference, likewise",
    bare=ONE_DAY,
    baselines="alone",
)
CHANNELS = {"hr": HR, "scl": SCL}
DEFINITIONS = tuple(CHANNELS.values())
NO_REFERENCE = "no reference of the person's sessions (attune process --reference)"


def offset_measures(today: Reference | None, person: Reference | None) -> list[Measure]:
    """Return today's offsets from the person's own centre; none where there is nothing to compare.

    Parameters
    ----------
    today : Reference or None
        What today's own baselines make.
    person : Reference or None
        That of the person's recordings.
    """
    if person is None:
        return nothing(DEFINITIONS, NO_REFERENCE)
    if today is None:
        return nothing(DEFINITIONS, "no rest baseline today", len(person.rest))
    if today.doubt:
        return nothing(DEFINITIONS, f"rest baseline today: {today.doubt}", len(person.rest))
    return [_offset(channel, today, person) for channel in CHANNELS]


def _offset(channel: str, today: Reference, person: Reference) -> Measure:
    definition, missing = CHANNELS[channel], [r for r in (today, person) if channel not in r.scales]
    if missing:
        whose = "today" if missing[0] is today else "in the reference"
        return nothing([definition], f"no valid {channel} at rest {whose}", len(person.rest))[0]
    value = today.scales[channel].median - person.scales[channel].median
    return measure(definition, value, len(person.rest))
