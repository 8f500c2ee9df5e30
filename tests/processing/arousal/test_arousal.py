"""Arousal: the index, its reasons, and that batching never changes it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.event import Event
from processing.arousal.arousal import NAMES, Arousal, ArousalConfig
from processing.config import PipelineConfig
from processing.index import IndexSample
from tests.drawing import few
from tests.processing.arousal_rows import EXPECTED, MARKS, events, resting, rows_of, run
from tests.processing.skin_signals import comparable

CONFIG = ArousalConfig()


def arousal_of(expected: frozenset[str] = EXPECTED, config: ArousalConfig = CONFIG) -> Arousal:
    return Arousal("client", channels_expected=expected, config=PipelineConfig(arousal=config))


def at(rows: list[IndexSample], index: str, time: float) -> IndexSample:
    return next(r for r in rows if r.index == index and r.time == time)


def test_before_a_baseline_there_is_no_value_and_it_says_so() -> None:
    rows = run(arousal_of(), rows_of(*resting(100)), [], 100.0)
    for index in ("arousal", "arousal_low", "arousal_high", "arousal_state"):
        mine = [r for r in rows if r.index == index]
        assert len(mine) == 95
        assert all(math.isnan(r.value) and r.reason == "no baseline" and r.quality == 0.0 for r in mine)
    assert at(rows, "arousal_channels", 50.0).value == 7.0


def test_a_baseline_acts_from_its_off_marker_on_and_talk_completes_the_band() -> None:
    arousal = arousal_of()
    rows = run(arousal, rows_of(*resting(600)), events(MARKS), 600.0)
    assert at(rows, "arousal", 329.0).reason == "no baseline"
    first = at(rows, "arousal", 330.0)
    assert math.isfinite(first.value) and first.reason == "" and first.quality == 1.0
    assert at(rows, "arousal_low", 400.0).reason == "rest band only"
    assert at(rows, "arousal_low", 460.0).reason == ""
    assert at(rows, "arousal_state", 500.0).value == 0.0
    assert [v.accepted for v in arousal.verdicts] == [True, True]
    assert arousal.verdicts[0].seconds == 290.0


def test_a_baseline_over_seventy_five_minutes_ago_is_called_old() -> None:
    rows = run(arousal_of(), rows_of(*resting(5000)), events(MARKS), 5000.0)
    assert at(rows, "arousal_state", 4829.0).reason == at(rows, "arousal_low", 4829.0).reason == ""
    for index in ("arousal", "arousal_low", "arousal_high", "arousal_state"):
        late = at(rows, index, 4832.0)
        assert late.reason == "old baseline: ended over 75 min ago" and math.isfinite(late.value)
        assert late.quality == 1.0, "age alone takes nothing from what was measured"


def test_a_new_baseline_is_young_again_and_the_age_can_be_set() -> None:
    marks = (*MARKS, (1000.0, "baseline_rest", "on"), (1300.0, "baseline_rest", "off"))
    config = replace(CONFIG, old_after=600.0)
    rows = run(arousal_of(config=config), rows_of(*resting(1500)), events(marks), 1500.0)
    assert at(rows, "arousal_state", 950.0).reason == "old baseline: ended over 10 min ago"
    assert at(rows, "arousal_state", 1310.0).reason == ""


def test_the_index_is_the_weighted_mean_of_z_after_median_and_mean() -> None:
    hr, scl, rate = (np.array(x) for x in resting(700))
    hr[:], scl[:], rate[:] = 70.0, 5.0, 9.0
    hr[550:], scl[550:], rate[550:] = 82.0, 5.0 * math.exp(0.25), 16.0
    rows = run(arousal_of(), rows_of(hr, scl, rate), events(MARKS), 700.0)
    # Constant channels have the floors as scale: 4 bpm, 0.1 ln µS, 0.5 √(1/min).
    expected = 0.4 * 12 / 4 + 0.4 * 0.25 / 0.1 + 0.2 * (4 - 3) / 0.5
    assert at(rows, "arousal", 549.0).value == pytest.approx(0.0, abs=1e-12)
    assert at(rows, "arousal", 690.0).value == pytest.approx(expected)
    # With five new seconds of ten the median lies half way; the mean follows with its constant.
    assert at(rows, "arousal", 553.0).value == 0.0
    half = -math.expm1(-1 / 5) * expected / 2
    assert at(rows, "arousal", 554.0).value == pytest.approx(half)
    assert at(rows, "arousal_high", 690.0).value == 1.5
    assert at(rows, "arousal_low", 690.0).value == -1.5
    crossed = next(r.time for r in rows if r.index == "arousal" and r.time > 550 and r.value > 1.5)
    assert at(rows, "arousal_state", crossed + 9).value == 0.0
    assert at(rows, "arousal_state", crossed + 10).value == 1.0


def test_one_kind_of_channel_alone_is_partial_and_has_no_state() -> None:
    hr, scl, rate = resting(700)
    scl[500:600] = np.nan
    rate[500:600] = np.nan
    hr[620:700] = np.nan
    rows = run(arousal_of(), rows_of(hr, scl, rate), events(MARKS), 700.0)
    eda, heart = at(rows, "arousal", 550.0), at(rows, "arousal", 690.0)
    assert math.isfinite(eda.value) and eda.reason == "partial: no EDA" and eda.quality == pytest.approx(0.4)
    assert math.isfinite(heart.value) and heart.reason == "partial: no heart rate"
    for time in (550.0, 690.0):
        state = at(rows, "arousal_state", time)
        assert math.isnan(state.value) and state.reason.startswith("partial")
    assert at(rows, "arousal_channels", 550.0).value == 1.0
    assert at(rows, "arousal_channels", 690.0).value == 6.0


def test_nothing_is_held_when_everything_stops() -> None:
    hr, scl, rate = resting(520)
    rows = run(arousal_of(), rows_of(hr, scl, rate), events(MARKS), 600.0)
    late = [r for r in rows if r.time >= 526.0]
    assert {r.index for r in late} == set(NAMES)
    assert all(math.isnan(r.value) and r.reason == "no data" for r in late if r.index != "arousal_channels")
    assert all(r.value == 0.0 for r in late if r.index == "arousal_channels")


def test_a_person_without_an_eda_sensor_passes_on_heart_rate_and_stays_partial() -> None:
    hr, _, _ = resting(400)
    nothing = np.full(400, np.nan)
    arousal = arousal_of(frozenset({"hr"}))
    rows = run(arousal, rows_of(hr, nothing, nothing), events(MARKS[:2]), 400.0)
    assert arousal.verdicts[0].accepted
    assert at(rows, "arousal", 390.0).reason == "partial: no EDA"


def test_channels_that_the_rest_did_not_have_make_no_index_and_it_says_so() -> None:
    hr, scl, rate = resting(600)
    hr[500:], scl[:480], rate[:480] = np.nan, np.nan, np.nan
    rows = run(arousal_of(frozenset({"hr"})), rows_of(hr, scl, rate), events(MARKS[:2]), 600.0)
    assert math.isnan(at(rows, "arousal", 590.0).value)
    assert at(rows, "arousal", 590.0).reason == "no baseline with these channels"
    assert at(rows, "arousal_channels", 590.0).value == 6.0


@pytest.mark.parametrize("actor", ["tech", "dyad", "any", "client"])
def test_a_baseline_holds_for_whom_it_is_marked(actor: str) -> None:
    arousal = arousal_of()
    run(arousal, rows_of(*resting(400)), events(MARKS[:2], actor), 400.0)
    assert len(arousal.verdicts) == 1


def test_the_other_persons_baseline_and_rows_are_passed_over() -> None:
    arousal = arousal_of()
    rows = run(arousal, rows_of(*resting(400), entity="therapist"), events(MARKS[:2], "therapist"), 400.0)
    assert not arousal.verdicts
    assert at(rows, "arousal_channels", 300.0).value == 0.0


def test_undoing_the_off_marker_withdraws_its_baseline() -> None:
    arousal = arousal_of()
    marked = events(MARKS[:2])
    marked.append((335.0, Event(time=335.0, code="void", phase="void", ref=marked[1][1].id)))
    marked.append((350.0, Event(time=350.0, code="baseline_rest", phase="off", actor="tech", id="again")))
    rows = run(arousal, rows_of(*resting(400)), marked, 400.0)
    assert [v.accepted for v in arousal.verdicts] == [True, False, True]
    assert at(rows, "arousal", 334.0).reason == ""
    assert at(rows, "arousal", 340.0).reason == "no baseline"
    assert at(rows, "arousal", 350.0).reason == ""
    assert arousal.verdicts[-1].start == 30.0


def test_the_width_of_the_band_is_the_therapists_to_set() -> None:
    wide = ArousalConfig(k=3.0, k_low=1.0)
    still = rows_of(np.full(600, 70.0), np.full(600, 5.0), np.full(600, 9.0))
    rows = run(arousal_of(config=wide), still, events(MARKS), 600.0)
    assert at(rows, "arousal_high", 500.0).value == 2.25
    assert at(rows, "arousal_low", 500.0).value == -0.75


@pytest.mark.parametrize(("share", "fallen"), [(0.6, False), (0.4, True)])
def test_a_level_that_lost_half_of_its_rest_calls_the_baseline_old_and_only_so_long(
    share: float, fallen: bool
) -> None:
    """Electrodes that dry took the index below the band, without a word."""
    hr, scl, rate = resting(1500)
    scl[500:1000] *= share
    config = replace(CONFIG, sunk=0.0)
    rows = run(arousal_of(config=config), rows_of(hr, scl, rate), events(MARKS), 1500.0)
    old = [
        r.time
        for r in rows
        if r.index == "arousal_state" and r.reason.startswith("old baseline: less than 50 %")
    ]
    assert (min(old), max(old)) == (650.0, 1149.0) if fallen else not old
    assert comparable(
        run(
            arousal_of(config=config),
            rows_of(hr, scl, rate),
            events(MARKS),
            1500.0,
            [503.3, 651.7, 990.1, 1201.0],
        )
    ) == comparable(rows)
    for index in ("arousal", "arousal_low", "arousal_high", "arousal_state"):
        row = at(rows, index, 700.0)
        assert math.isfinite(row.value) and row.quality == pytest.approx(0.6 if fallen else 1.0)
        assert ("old baseline" in row.reason) == fallen


@pytest.mark.parametrize("shrink", [True, False])
def test_a_level_that_falls_is_the_skins_where_responses_stay_as_large(shrink: bool) -> None:
    """A scale that shrank by 40 % took the index down by over a SD at quality 1, without a word."""
    hr, scl, rate = resting(2000)
    share = 0.6 ** np.clip((np.arange(2000) - 480.0) / 600.0, 0.0, 1.0)
    drawn = np.random.default_rng(4).lognormal(math.log(0.3), 0.6, 2000)
    peaks = np.flatnonzero(np.random.default_rng(5).random(2000) < 12.0 / 60.0)
    sizes = drawn * (share if shrink else 1.0)
    scrs = [
        IndexSample(t - 0.25, t + 2.75, "client", "scr", float(sizes[t]), "uS", 1.0, "")
        for t in peaks.tolist()
        if sizes[t] >= 0.05
    ]
    heard = sorted([*rows_of(hr, scl * share, rate), *scrs], key=IndexSample.order)
    rows = run(arousal_of(), heard, events(MARKS), 2000.0)
    assert at(rows, "arousal", 1900.0).value < at(rows, "arousal", 470.0).value - 1.0
    word = "old baseline: its EDA level fell: skin, or an electrode that dries"
    late = [(r.reason, round(r.quality, 3)) for r in rows if r.index == "arousal" and r.time >= 1300.0]
    assert late.count((word, 0.6) if shrink else ("", 1.0)) >= 0.9 * len(late)
    again = run(arousal_of(), heard, events(MARKS), 2000.0, np.arange(333.3, 2000.0, 41.7).tolist())
    assert comparable(again) == comparable(rows)


def test_an_old_baseline_says_all_that_makes_it_old() -> None:
    hr, scl, rate = resting(1500)
    scl[500:] *= 0.4
    config = replace(CONFIG, old_after=600.0)
    rows = run(arousal_of(config=config), rows_of(hr, scl, rate), events(MARKS), 1500.0)
    both = "old baseline: ended over 10 min ago, less than 50 % of its EDA level is left"
    assert at(rows, "arousal", 1000.0).reason == at(rows, "arousal_state", 1000.0).reason == both


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"median": 3.7}, "median = 3.7: must be whole seconds"),
        ({"skip": 3.7}, "skip = 3.7: must be whole seconds"),
        ({"posture_window": 3.7}, "posture_window = 3.7: must be whole seconds"),
        ({"posture": 200.0}, "posture = 200: no two directions"),
        ({"rest": 0.0}, "rest = 0: must be a number above 0"),
        ({"talk": 0.0}, "talk = 0: must be a number above 0"),
        ({"share": 0.0}, "share = 0: must be a number above 0"),
        ({"weight_hr": 0.0, "weight_scl": 0.0, "weight_scr": 0.0}, "one must be above 0"),
    ],
)
def test_what_would_be_rounded_or_make_a_band_of_nothing_is_refused(odd: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ArousalConfig(**odd)


@few(4)
@given(
    cuts=st.lists(st.floats(0.1, 480.0), max_size=8),
    hole=st.tuples(st.integers(0, 450), st.integers(1, 60), st.sampled_from(["hr", "scl", "scr"])),
    seed=st.integers(0, 99),
)
def test_any_batching_gives_equal_rows(cuts: list[float], hole: tuple[int, int, str], seed: int) -> None:
    channels = dict(zip(("hr", "scl", "scr"), resting(500, seed), strict=True))
    channels[hole[2]][hole[0] : hole[0] + hole[1]] = np.nan
    rows = rows_of(channels["hr"], channels["scl"], channels["scr"])
    whole = comparable(run(arousal_of(), rows, events(MARKS), 500.0))
    assert comparable(run(arousal_of(), rows, events(MARKS), 500.0, cuts)) == whole
    assert (
        comparable(run(arousal_of(), rows, events(MARKS), 500.0, np.arange(1.1, 500, 1.1).tolist())) == whole
    )


def test_it_is_settled_five_seconds_after_its_time() -> None:
    rows = run(arousal_of(), rows_of(*resting(100)), [], 100.0)
    assert all(5.0 - 1e-9 <= r.available - r.time <= 5.1 + 1e-9 for r in rows)
