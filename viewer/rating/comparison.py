"""Set up a comparison of moments: which they are, and what this rater said of them before."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from acquisition.ratings.choices import append_choice, read_choices
from acquisition.ratings.whose import Whose
from acquisition.stream import Role
from processing.codings.cues import LENGTH
from processing.hour.measure import seeded
from viewer.model.cued_session import proposed
from viewer.opening import filled
from viewer.rating.pairs import MOMENTS, Comparing
from viewer.review.reviewing import vocabulary_of

PURPOSE = "compared moments"


def comparison(recording: Path, rater: str, whose: Whose, asked: str) -> Comparing:
    """Return the comparison of a recording's moments, chosen as in a cued review; all raters get the same.

    Raises
    ------
    RecordingError
        If the recording or earlier answers cannot be read.
    """
    mine = [
        c
        for c in read_choices(recording)
        if (c.rater, c.whose, c.asked) == (rater, whose, asked) and c.length == LENGTH
    ]
    model = filled(recording)
    person = Role.CLIENT if whose.of is Role.DYAD else whose.of
    starts = [m.start for m in proposed(model, vocabulary_of(model), person, PURPOSE, MOMENTS)]
    return Comparing(
        sorted(starts),
        LENGTH,
        rater=rater,
        whose=whose,
        asked=asked,
        answered=mine,
        keep=partial(append_choice, recording),
        now=lambda: datetime.now(UTC).isoformat(timespec="seconds"),
        rng=seeded(model.facts.id, PURPOSE, rater),
    )
