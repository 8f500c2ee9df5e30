"""Coupling of dyads and of pseudo-dyads: each therapist's hour beside that of every other's client.

What both people say is taken out of the signals within segments, as `sync_<signal>_p` does, before any two
hours are laid beside each other from the same minute on.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.stream import FloatArray
from processing.coupling.speech import regressors, without_speech
from processing.hour.measure import seeded
from processing.surrogates.pseudo_dyads import matched_coupling
from processing.surrogates.segments import NoValueWarning

if TYPE_CHECKING:
    import pandas as pd

    from processing.cohort.tables import Tables

SEGMENT, MAX_LAG = 30.0, 5.0
"""As in the session's own test [s]."""
MOST_PARTNERS = 20
"""Pseudo-dyads of a session, drawn where there are more."""
COURSES = ("scl", "sclslope")
"""Signals that speech moves for a minute."""
COLUMNS = ["signal", "dyad", "session", "partner_dyad", "partner_session", "client", "therapist", "value"]


@dataclass(frozen=True, slots=True, eq=False)
class _Hour:
    """Hold one signal of one session; begin [s] and rate [Hz] of its grid."""

    row: Any
    client: FloatArray
    therapist: FloatArray
    begin: float
    sfreq: float


def pairs(tables: Tables, signals: tuple[str, ...]) -> pd.DataFrame:
    """Return the coupling of every session, and of its therapist with clients of other dyads and therapists.

    Returns
    -------
    DataFrame
        signal, dyad, session, partner_dyad, partner_session (whose client it is), client, therapist, value:
        mean |atanh r| over lags and segments; nan where too little was valid.
    """
    import pandas as pd

    out: list[tuple[Any, ...]] = []
    table = tables["signals"]
    for signal in signals:
        hours = [_hour(row) for row in table[table["signal"] == signal].itertuples()]
        for mine in hours:
            out += [_compared(signal, mine, other) for other in [mine, *_partners(mine, hours)]]
    return pd.DataFrame(out, columns=COLUMNS)


def _hour(row: Any) -> _Hour:
    """Return a session's signals without speech; as they are where speech is not known."""
    both = [np.asarray(v, float) for v in (row.client_values, row.therapist_values)]
    speech = [np.asarray(v, float) for v in (row.client_speaks, row.therapist_speaks)]
    sfreq, n = float(row.sfreq), len(both[0])
    window = round(SEGMENT * sfreq)
    spoken = all(len(s) == n and np.isfinite(s).any() for s in speech)
    if spoken and n >= window:
        ends = np.arange(window - 1, n, window)
        moved = [regressors(s, sfreq=sfreq, courses=row.signal in COURSES) for s in speech]
        both = [
            without_speech(both[0], moved[0], moved[1], ends=ends, window=window),
            without_speech(both[1], moved[1], moved[0], ends=ends, window=window),
        ]
    return _Hour(row, both[0], both[1], float(row.begin), sfreq)


def _partners(mine: _Hour, hours: list[_Hour]) -> list[_Hour]:
    """Return sessions of other dyads whose client is not also this one's."""
    others = [
        h for h in hours
        if h.row.dyad != mine.row.dyad and h.row.client != mine.row.client and h.sfreq == mine.sfreq
    ]  # fmt: skip
    if len(others) <= MOST_PARTNERS:
        return others
    rng = seeded(f"{mine.row.dyad} {mine.row.session}", "pseudo-dyads")
    chosen = sorted(rng.choice(len(others), MOST_PARTNERS, replace=False).tolist())
    return [others[k] for k in chosen]


def _compared(signal: str, mine: _Hour, other: _Hour) -> tuple[Any, ...]:
    """Return the coupling of a therapist's hour with a client's, from the same minute on."""
    shift = round((other.begin - mine.begin) * mine.sfreq)
    t, c = mine.therapist[max(shift, 0) :], other.client[max(-shift, 0) :]
    n = min(len(t), len(c))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NoValueWarning)  # nan says as much
        value = matched_coupling(t[:n], c[:n], sfreq=mine.sfreq, segment=SEGMENT, max_lag=MAX_LAG)
    row, partner = mine.row, other.row
    return (
        signal, row.dyad, float(row.session), partner.dyad, float(partner.session), row.client,
        row.therapist, value,
    )  # fmt: skip
