"""Numbers, titles and alternative texts of the report's figures and tables, in the order of reading."""

from __future__ import annotations

from processing.indices import INDICES, VAGAL

QUALITY = "Table Q. What of the recording can be used"
"""It comes before anything that was measured, and is not counted among the tables of results."""
FIGURES = {
    "overview": "Arousal index of {whose} with the reference band, and what was marked",
    "indices": "{signals} of {whose}",
    "two_axes": "Skin conductance level against vagally mediated HRV",
    "synchrony": "Synchrony in moving windows with the chance band of this pair",
    "rated": "What raters said, second by second",
    "event": "Indices around {code}",
    "rr": "NN intervals and their spectrum: {code}",
}
ALTERNATIVES = {
    "overview": "A panel per person: arousal index in SD over minutes, reference band in grey, excursions "
    "hatched; below it a lane per marked code. The sentences below say what it shows in numbers.",
    "indices": "Panels over minutes, each with a line per person, client solid and therapist dashed; means "
    "are in the table of the phases.",
    "two_axes": f"A panel per person: points of skin conductance level over {INDICES[VAGAL].title}, those at "
    "rest as crosses.",
    "synchrony": "A panel per signal: largest |z| of the windowed correlation over minutes, chance band in "
    "grey; tests are in the table of both people.",
    "rated": "A panel per person and axis: a thin line per rater and turn over minutes, their mean thick, "
    "labels derived from them as hollow triangles; agreement and delays are in the sentences below.",
    "event": "A panel per index from 60 s before to 180 s after the onset of {code}, client solid and "
    "therapist dashed; what was tested is said below.",
    "rr": "Left: NN intervals over minutes, {code}; right: their power spectrum to 0.5 Hz, the bands of LF "
    "and HF in grey.",
}


class Captions:
    """Number figures and tables as they come.

    Parameters
    ----------
    whose : str
        Of whom the figures are, in words.
    signals : str
        What the figure of the signals holds, in words.
    """

    def __init__(self, whose: str = "both people", signals: str = "Signals") -> None:
        self._of = {"whose": whose, "signals": signals}
        self._figures = self._tables = 0

    def figure(self, what: str, **of: str) -> str:
        """Return number and title of the next figure."""
        self._figures += 1
        return f"Figure {self._figures}. {FIGURES[what].format(**self._of, **of)}"

    def table(self, title: str) -> str:
        """Return number and title of the next table."""
        self._tables += 1
        return f"Table {self._tables}. {title}"


def alternative(what: str, **of: str) -> str:
    """Return what a figure shows, for those who do not see it."""
    return ALTERNATIVES[what].format(**of)
