"""Markers of other programs: recorded as they are, and believed only where nobody's hour depends on it.

Anybody on the machine can send a marker. One that says what only the recorder or its technician may say, a
pause, a baseline, an undo, is kept as the text that it is.
"""

from __future__ import annotations

from dataclasses import replace

from acquisition.event import MAX_TEXT, Event, own_fields
from acquisition.events.vocabulary import SOFTWARE, load_vocabulary
from acquisition.text import clean_text

PRIVILEGED = frozenset(
    (
        *("consent_pause", "client_withdraw", "confirm", "assign", "session_start", "session_end"),
        *("baseline_rest", "baseline_talk", "calib_challenge"),
    )
)
"""Codes that decide what is recorded or what values are relative to; and all that only software writes."""
MARK = "lsl:"
"""Begins the ids of foreign events, so that none is taken for another's, or for a technician's."""


def foreign_event(time: float, text: str) -> Event:
    """Return the event of a foreign marker.

    A text that is an event of ours in JSON is that event, unless it is privileged: it may not void, pause or
    open a baseline, and refers to foreign events only. Everything else is a point marker with that text.
    """
    event = Event.from_json(time, text)
    ours = own_fields(text) is not None
    if _privileged(event.code.strip()) or event.phase == "void":
        code = clean_text(text, MAX_TEXT) if ours else f"{MARK} {event.code}"
        return Event(time=time, code=code, source="lsl", t_unc=0.0)
    if not ours:
        return event
    # Without an id, a beginning and its end are known by what they are.
    own = event.id or f"{event.code}:{event.actor}"
    ref = event.ref or (own if event.phase == "off" else "")
    return replace(event, source="lsl", id=MARK + own, ref=ref and MARK + ref)


def _privileged(code: str) -> bool:
    if code in PRIVILEGED:
        return True
    known = load_vocabulary().codes.get(code)
    return known is not None and known.group == SOFTWARE
