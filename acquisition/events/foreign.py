"""Markers of other programs: recorded as they are, and believed only where nobody's hour depends on it.

Anybody on the machine can send a marker. One that says what only the recorder or its technician may say, a
pause, a baseline, an undo, is kept as the text that it is.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from acquisition.event import MAX_TEXT, Event, own_fields
from acquisition.events.vocabulary import SOFTWARE, load_vocabulary
from acquisition.text import clean_text

PRIVILEGED = frozenset(
    (
        *(
            "consent_pause",
            "client_stop",
            "client_withdraw",
            "void",
            "confirm",
            "assign",
            "session_start",
            "session_end",
        ),
        *("baseline_rest", "baseline_talk", "calib_challenge"),
    )
)
"""Codes that decide what is recorded or what values are relative to; and all that only software writes."""
BEGINNINGS = ("baseline_", "session_", "auto_")
AHEAD = 0.5
"""Seconds by which a marker may be stamped after it came."""
OLD = 10.0
"""Seconds by which a marker may be stamped before it came."""
UNSURE = 1.0
"""Uncertainty of a marker that is put where it came [s]."""
MARK = "lsl:"
"""Begins the ids of foreign events, so that none is taken for another's, or for a technician's."""


def marker_texts(values: NDArray[Any]) -> list[str]:
    """Return markers as text: numbers as they are read, blanks at the ends taken off."""
    if values.dtype == object:
        return [str(v).strip().strip("\0")[:MAX_TEXT] for v in values]
    return [f"{v:g}" if values.dtype.kind == "f" else str(int(v)) for v in values.tolist()]


def foreign_event(time: float, text: str, came: float = math.nan) -> Event:
    """Return the event of a foreign marker.

    A text that is an event of ours in JSON is that event, unless it is privileged: it may not void, pause,
    open a baseline or code for a rater, and refers to foreign events only. Everything else is a point marker
    with that text.

    Parameters
    ----------
    time : float
        Its stamp on the recorder's clock [s].
    came : float
        When it came [s]; nan if unknown. A stamp that does not fit it is of another clock, and not used.
    """
    event = _without_rights(time, text)
    if math.isfinite(came) and not came - OLD <= time <= came + AHEAD:
        return replace(event, time=came, t_unc=max(event.t_unc, UNSURE))
    return event


def _without_rights(time: float, text: str) -> Event:
    event = Event.from_json(time, text)
    ours = own_fields(text) is not None
    if _privileged(event.code.strip()) or event.phase == "void" or event.rater:
        code = clean_text(text, MAX_TEXT) if ours else f"{MARK} {event.code}"
        return Event(time=time, code=code, source="lsl", t_unc=0.0)
    if not ours:
        return event
    # Without an id, a beginning and its end are known by what they are.
    own = event.id or f"{event.code}:{event.actor}"
    ref = event.ref or (own if event.phase == "off" else "")
    return replace(event, source="lsl", id=MARK + own, ref=ref and MARK + ref)


def powerless(text: str) -> str:
    """Return the code that a marker says and does not act by, such as a baseline; "" where there is none.

    The begin and end of a session are left out: a recording has its own.
    """
    code = Event.from_json(0.0, text.strip()).code.strip()
    return code if _privileged(code) and not code.startswith("session_") else ""


def _privileged(code: str) -> bool:
    if code in PRIVILEGED or code.startswith(BEGINNINGS):
        return True
    known = load_vocabulary().codes.get(code)
    return known is not None and known.group == SOFTWARE
