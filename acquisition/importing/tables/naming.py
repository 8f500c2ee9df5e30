"""What a column or channel holds, by the name and the unit that other programs give it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from acquisition.stream import Modality
from acquisition.units import CANONICAL, known

_WORDS: tuple[tuple[Modality, str], ...] = (
    (Modality.RR, r"r-?r([ _-]?(interval|i)s?)?|rr.?data|r.?to.?r|ibi|nni?|interbeat.*|herzschlagabstand"),
    (Modality.PPI, r"pp-?i|pp.?intervals?|pulse.?to.?pulse.*"),
    (Modality.ECG, r"(ecg|ekg)\d*[a-z]?|ecgbit|cardiac|lead.?i+|electrocardio\w*"),
    (
        Modality.EDA,
        r"(eda|gsr)\d*[a-z]?|edabit(rev)?|gsc|scl|scr|sc|ea|skin.?conduct\w*|conductance|electroderm\w*|hautleit\w*|galvanic\w*",
    ),
    (Modality.ACC, r"acc\w*|accelero?\w*"),
    (Modality.RESP, r"resp\w*|rsp\d*|breath\w*|atmung|atem\w*|pzt|rip"),
    (
        Modality.MARKERS,
        r"markers?|events?|triggers?|annotations?|labels?|tags?|stim(ulus)?|ereignis\w*|comments?|codes?|trial.?type",
    ),
)
_TIME = re.compile(
    r"(time|zeit|t|sec|secs|seconds?|timestamp\w*|time.?stamp\w*|datetime|date.?time|clock|uhrzeit|elapsed.*|"
    r"min|msec|unix\w*|\w*.?timestamp.*|local.?timestamp|phone.timestamp|sampletime|ms|millis\w*)",
    re.IGNORECASE,
)
SHOWN = 40
# Bounded: of a line of brackets that never close each would be followed to its end.
_BRACKETS = re.compile(r"[\[(]\s{0,9}([^\])]{0,80}?)\s{0,9}[\])]")
_TAIL = re.compile(
    r"[_ .](mv|uv|µv|μv|v|nv|us|µs|μs|ns|ms|s|sec|min|usiemens|microsiemens|kohm|kohms|mg|g|msec)$",
    re.IGNORECASE,
)


def listed(names: Sequence[str]) -> str:
    """Return names to choose from in a line; of very many the first."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more or "none"


def unit_in(name: str) -> str:
    """Return the unit that a column's name carries: in brackets, or after the last _ or blank."""
    if found := _BRACKETS.findall(name):
        units = [u for u in found if any(spelled(u, m) for m in CANONICAL)]
        return str(units[0] if units else found[-1])
    tail = _TAIL.search(name)
    return tail[1] if tail else ""


def bare(name: str) -> str:
    """Return a name without its unit."""
    plain = _BRACKETS.sub("", name).strip()
    return (_TAIL.sub("", plain) if plain == name.strip() else plain).strip(" _-.:")


def modality_of(name: str) -> Modality | None:
    """Return what a name says that a column holds; None if it says nothing, or two things."""
    text = bare(name)
    for pattern in (text, *re.split(r"[\s_.,:;/-]+", text)):
        for modality, words in _WORDS:
            if pattern and re.fullmatch(words, pattern, re.IGNORECASE):
                return modality
    return None


def is_time(name: str) -> bool:
    """Tell whether a name is that of a column of stamps."""
    return bool(_TIME.fullmatch(bare(name))) or bool(_TIME.fullmatch(name.strip()))


def spelled(unit: str, modality: Modality) -> str:
    """Return a unit if it says something for a modality, else ""; `us` of skin conductance is µS."""
    plain = unit.strip().replace("µ", "u").replace("μ", "u")
    plain = re.sub(r"^([mun]?)(volt|siemen)s?$", lambda m: m[1] + m[2][0].upper(), plain, flags=re.IGNORECASE)
    if modality is Modality.EDA and plain.casefold() == "us":
        return "uS"
    if modality is Modality.ECG and plain.casefold() in ("mv", "uv", "v"):
        return {"mv": "mV", "uv": "uV", "v": "V"}[plain.casefold()]
    if modality not in CANONICAL:
        return plain
    return plain if known(plain, modality) else ""
