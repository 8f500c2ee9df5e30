"""Units as senders spell them, and how to get from them to the canonical ones: mV, µS, ms, g."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import UnitError
from acquisition.stream import FloatArray, Modality

_VOLTS = {
    **dict.fromkeys(("V", "volt", "volts"), 1e3),
    **dict.fromkeys(("mV", "mv", "millivolt", "millivolts"), 1.0),
    **dict.fromkeys(("uV", "uv", "microvolt", "microvolts"), 1e-3),
    **dict.fromkeys(("nV", "nv", "nanovolt", "nanovolts"), 1e-6),
}
_SIEMENS = {
    **dict.fromkeys(("S", "siemens"), 1e6),
    **dict.fromkeys(("mS", "millisiemens"), 1e3),
    **dict.fromkeys(("uS", "usiemens", "microsiemens", "microsiemen", "umho", "micromho"), 1.0),
    **dict.fromkeys(("nS", "nanosiemens"), 1e-3),
}
_SECONDS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1e3),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1.0),
    **dict.fromkeys(("us", "usec", "microsecond", "microseconds"), 1e-3),
    **dict.fromkeys(("1/1024 s", "1/1024s", "s/1024"), 1e3 / 1024),
}
_G = 9.80665
"""Standard gravity [m/s²]."""
_ACCELERATION = {
    **dict.fromkeys(("g", "gravity", "standard gravity"), 1.0),
    **dict.fromkeys(("mg", "mG", "milli-g", "millig"), 1e-3),
    **dict.fromkeys(("m/s2", "m/s^2", "m/s²", "m s-2", "m·s-2", "ms-2"), 1 / _G),
}
_OHMS = {
    **dict.fromkeys(("ohm", "ohms", "Ω"), 1e6),
    **dict.fromkeys(("kohm", "kohms", "kOhm", "kΩ", "kiloohm", "kiloohms", "kilohm", "kilohms"), 1e3),
    **dict.fromkeys(("Mohm", "Mohms", "MOhm", "MΩ", "megaohm", "megaohms", "megohm", "megohms"), 1.0),
}
"""Resistance: unit → µS·unit, to be divided by the value."""

CANONICAL: Mapping[Modality, str] = {
    Modality.ECG: "mV",
    Modality.EDA: "µS",
    Modality.RR: "ms",
    Modality.PPI: "ms",
    Modality.ACC: "g",
    Modality.RATING: "-1..1",
}
"""The unit of what estimators get; modalities that are not named here are taken as they are."""

_FACTORS: Mapping[Modality, Mapping[str, float]] = {
    Modality.ECG: _VOLTS,
    Modality.EDA: _SIEMENS,
    Modality.RR: _SECONDS,
    Modality.PPI: _SECONDS,
    Modality.ACC: _ACCELERATION,
    Modality.RATING: {},
}
_CHOICES: Mapping[Modality, str] = {
    Modality.ECG: "V, mV, µV, nV",
    Modality.EDA: "S, mS, µS, nS, ohm, kOhm, MOhm",
    Modality.RR: "s, ms, µs, 1/1024 s",
    Modality.PPI: "s, ms, µs, 1/1024 s",
    Modality.ACC: "g, mg, m/s2",
    Modality.RATING: "the ends of its scale as LOW..HIGH, such as -1..1 or 0..100, or unbounded",
}


def _spelling(unit: str, table: Mapping[str, float]) -> float | None:
    """Look a unit up; only words may differ in case, since mS and MS, mg and Mg are different things."""
    # Two signs look like µ: the micro sign and the Greek letter; Ω has a twin too.
    plain = unit.strip().replace("µ", "u").replace("μ", "u").replace("\u2126", "Ω")
    if plain in table:
        return table[plain]
    word = plain.casefold()
    return table.get(word) if len(word) > 4 else None


UNBOUNDED = "unbounded"
"""The unit of a rating without ends (RankTrace): only its course says something."""
_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_ENDS = re.compile(rf"({_NUMBER})\s*(?:\.\.\.?|…|to)\s*({_NUMBER})")


def rating_ends(unit: str) -> tuple[float, float] | None:
    """Return the ends of the scale that the unit of a rating says; infinite without ends, None if unknown.

    Examples
    --------
    >>> rating_ends("0..100")
    (0.0, 100.0)
    """
    plain = unit.strip().casefold()
    if plain == UNBOUNDED:
        return -math.inf, math.inf
    found = _ENDS.fullmatch(plain)
    low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
    return (low, high) if low < high else None


def known(unit: str, modality: Modality) -> bool:
    """Tell whether a unit says something for a modality; an unknown one counts as unsaid."""
    if modality not in CANONICAL:
        return True
    if modality is Modality.RATING:
        return rating_ends(unit) is not None
    return _spelling(unit, _FACTORS[modality]) is not None or _resistance(unit, modality) is not None


def _resistance(unit: str, modality: Modality) -> float | None:
    return _spelling(unit, _OHMS) if modality is Modality.EDA else None


def factor(unit: str, modality: Modality) -> float:
    """Return what to multiply samples with to get the canonical unit; 1 where a modality has none.

    Raises
    ------
    UnitError
        If the unit is unsaid, unknown or of another quantity, or a resistance, which has no factor.

    Examples
    --------
    >>> factor('uV', Modality.ECG)
    0.001
    """
    if modality not in CANONICAL:
        return 1.0
    if modality is Modality.RATING and (ends := rating_ends(unit)):
        return 2.0 / (ends[1] - ends[0]) if math.isfinite(ends[0]) else 1.0
    value = _spelling(unit, _FACTORS[modality])
    if value is not None:
        return value
    if _resistance(unit, modality) is not None:
        raise UnitError(
            f"{modality}: {unit!r} is a resistance, which no factor turns into {CANONICAL[modality]}"
        )
    raise UnitError(_complaint(unit, modality))


def convert(samples: NDArray[Any], unit: str, modality: Modality) -> FloatArray:
    """Return samples in the canonical unit of their modality.

    Parameters
    ----------
    samples : ndarray, shape (n_samples, n_channels)
        In `unit`.
    unit : str
        As the sender spells it.
    modality : Modality

    Returns
    -------
    ndarray, shape (n_samples, n_channels)
        ecg in mV, eda in µS, rr and ppi in ms, acc in g, a rating from -1 to 1 (without ends as it is), all
        else as it is. A resistance that is not positive gives nan: no conductance belongs to it.

    Raises
    ------
    UnitError
        As `factor`, resistances excepted.

    Examples
    --------
    >>> import numpy as np
    >>> convert(np.array([250.0, 500.0]), 'kohm', Modality.EDA)
    array([4., 2.])
    >>> convert(np.array([1024.0]), '1/1024 s', Modality.RR)
    array([1000.])
    """
    values = np.asarray(samples, np.float64)
    if modality is Modality.RATING and (ends := rating_ends(unit)) and math.isfinite(ends[0]):
        return (values - ends[0]) * factor(unit, modality) - 1.0
    numerator = _resistance(unit, modality)
    if numerator is None:
        return values * factor(unit, modality)
    out = np.full_like(values, np.nan)
    np.divide(numerator, values, out=out, where=values > 0)
    return out


def _complaint(unit: str, modality: Modality) -> str:
    choices = f"known: {_CHOICES[modality]}"
    if not unit.strip():
        return f"{modality}: no unit said ({choices})"
    if any(_spelling(unit, table) is not None for table in (*_FACTORS.values(), _OHMS)):
        return f"{modality}: {unit!r} cannot be converted to {CANONICAL[modality]} ({choices})"
    return f"{modality}: unit {unit!r} is not known ({choices})"
