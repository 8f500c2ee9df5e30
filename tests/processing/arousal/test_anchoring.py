"""Anchored scaling: today's centre, the person's scale; and the day's offset by itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.arousal.anchoring import anchored
from processing.arousal.arousal import Arousal
from processing.arousal.band import ArousalConfig
from processing.arousal.baseline import Baseline, Reference, pool
from processing.config import PipelineConfig
from processing.metrics.day_offset import offset_measures
from tests.processing.arousal_rows import EXPECTED, MARKS, events, resting, rows_of, run

CONFIG = ArousalConfig()


def rest(hr: float, ln_scl: float, *, spread: float = 5.0, seed: int = 0) -> Baseline:
    """Return a rest whose heart rate has this median exactly, and this spread about it."""
    rng = np.random.default_rng(seed)

    def centred(x: FloatArray) -> FloatArray:
        return np.asarray(x - np.median(x))

    values = {
        "hr": hr + centred(spread * rng.standard_normal(300)),
        "scl": ln_scl + centred(0.05 * rng.standard_normal(300)),
        "scr": 2.0 + centred(0.3 * rng.standard_normal(300)),
    }
    return Baseline(code="baseline_rest", start=0.0, stop=300.0, values=values)


def of(*rests: Baseline) -> Reference:
    return pool([Reference.of([b], [], CONFIG) for b in rests], CONFIG)


def test_days_that_differ_widen_the_persons_scale_but_not_the_anchored_one() -> None:
    days = [rest(60.0 + 8.0 * k, 1.0 + 0.2 * k, seed=k) for k in range(4)]
    person, today = of(*days), rest(100.0, 2.0, seed=9)
    found = anchored([today], [], person, CONFIG)
    assert found.scaling == "anchored"
    assert found.scales["hr"].median == pytest.approx(100.0)
    assert found.scales["hr"].scale == pytest.approx(5.0, abs=0.5)
    assert person.scales["hr"].scale > 9.0
    assert found.scales["scl"].scale == CONFIG.floor_scl, "0.05 is under the least scale"


def test_the_anchored_scale_does_not_follow_todays_spread() -> None:
    person = of(*(rest(70.0, 1.0, spread=6.0, seed=k) for k in range(5)))
    calm, lively = (anchored([rest(70.0, 1.0, spread=s, seed=7)], [], person, CONFIG) for s in (4.0, 12.0))
    assert calm.scales == lively.scales
    assert [b.scale for b in calm.bands.values()] == [b.scale for b in lively.bands.values()]


def test_a_channel_that_the_person_lacks_is_left_out() -> None:
    bare = rest(70.0, 1.0)
    del bare.values["scl"]
    found = anchored([rest(70.0, 1.0)], [], of(bare), CONFIG)
    assert set(found.scales) == {"hr", "scr"}


def test_an_anchored_index_waits_for_todays_rest_and_lies_about_it() -> None:
    hr, scl, rate = resting(500)
    arousal = Arousal(
        "client",
        channels_expected=EXPECTED,
        config=PipelineConfig(),
        reference=_anchoring(of(*(rest(60.0, 1.0, seed=k) for k in range(3)))),
    )
    rows = run(arousal, rows_of(hr, scl, rate), events(MARKS), 500.0)
    before = next(r for r in rows if r.index == "arousal" and r.time == 200.0)
    after = [r.value for r in rows if r.index == "arousal" and r.time > 480.0]
    assert before.reason == "no baseline" and math.isnan(before.value)
    assert abs(float(np.mean(after))) < 0.5, "70 bpm is today's rest, whatever it was on other days"
    assert arousal.scaling == "anchored"
    assert arousal.session is not None and arousal.session.scaling == "session"
    assert arousal.reference is not None and arousal.reference.scaling == "anchored"


@pytest.mark.parametrize(
    "cuts", [(0.3, 77.7, 329.9, 330.0, 330.1, 461.0), tuple(np.arange(1.0, 500.0, 7.3).tolist())]
)
def test_an_anchored_index_does_not_depend_on_how_it_was_cut(cuts: tuple[float, ...]) -> None:
    hr, scl, rate = resting(500)

    def made(at: tuple[float, ...]) -> list[tuple[object, ...]]:
        person = _anchoring(of(*(rest(60.0, 1.0, seed=k) for k in range(3))))
        arousal = Arousal("client", channels_expected=EXPECTED, config=PipelineConfig(), reference=person)
        rows = run(arousal, rows_of(hr, scl, rate), events(MARKS), 500.0, cuts=at)
        return [tuple("nan" if x != x else x for x in row) for row in rows]

    assert made(cuts) == made(())


def _anchoring(person: Reference) -> Reference:
    return Reference(
        scaling="anchored", rest=person.rest, talk=person.talk, scales=person.scales, bands=person.bands
    )


def test_the_days_offset_is_in_the_units_of_the_signals() -> None:
    person = of(*(rest(h, 1.0, seed=int(h)) for h in (68.0, 70.0, 72.0)))
    today = Reference.of([rest(75.0, 1.2)], [], CONFIG)
    hr, scl = offset_measures(today, person)
    assert hr.value == pytest.approx(5.0, abs=0.3) and (hr.unit, hr.n) == ("bpm", 3)
    assert scl.value == pytest.approx(0.2, abs=0.01) and scl.unit == "ln uS"


def test_without_a_reference_or_a_rest_there_is_no_offset_and_a_reason() -> None:
    today = Reference.of([rest(75.0, 1.2)], [], CONFIG)
    assert all("no reference" in m.reason and math.isnan(m.value) for m in offset_measures(today, None))
    assert all("no rest baseline" in m.reason for m in offset_measures(None, today))
    bare = rest(70.0, 1.0)
    bare.values["scl"][:] = np.nan
    assert offset_measures(today, of(bare))[1].reason == "no valid scl at rest in the reference"
