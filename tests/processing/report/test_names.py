"""What metrics are called in the report: words, each of one metric, for all that are defined."""

from __future__ import annotations

import re

from processing.indices import SIGNALS
from processing.metrics import summary
from processing.metrics.session_metrics import definitions
from processing.report.names import clashes, readable
from viewer.model.wording import forbidden

FIELDS = {
    "code": ("int_explore", "rupture_withdraw", "now_moment", "supportive", "ther_unsafe", "safety_test"),
    "signal": tuple(SIGNALS),
    "state": ("silent", "client_talk", "therapist_talk"),
    "segment": ("1_check_in", "2"),
}


def names() -> list[str]:
    """Return the name of every metric, those with fields for some fillings."""
    out = [d.name for d in (*summary.DEFINITIONS, *definitions())]
    for field, fillings in FIELDS.items():
        out = [
            name.replace(f"{{{field}}}", filling)
            for name in out
            for filling in (fillings if f"{{{field}}}" in name else ("",))
        ]
    return [re.sub(r"[{}]", "", name) for name in out]


def test_every_metric_has_words_of_its_own() -> None:
    every = list(dict.fromkeys(names()))
    assert len(every) > 150
    assert clashes(every) == []
    assert [m for m in every if "_" in readable(m) or not readable(m)[0].strip(",")] == []
    assert not forbidden(" ".join(map(readable, every)).replace("rupture", ""))


def test_words_say_what_the_name_says() -> None:
    assert readable("response_hr_now_moment_matched") == "HR after now moment, against comparable moments"
    assert readable("sync_hr_p_holm") == "synchrony of heart rate: p adjusted (Holm)"
    assert readable("int_support_above_pct") == "int support: time above the band"
    assert readable("segment_1_check_in_sync_scl_mean_p").startswith("1 check in: synchrony of SC level")
    assert readable("rmssd_median") == "RMSSD, median of the recording"
    assert readable("something_else") == "something else"
