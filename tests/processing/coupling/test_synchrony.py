"""Live synchrony: same rows for any batching, signs for exchanged people, reasons for missing values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.event import Event
from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.coupling.synchrony import Synchrony, SynchronyConfig
from processing.index import IndexSample
from processing.indices import SIGNALS, delay_of
from tests.drawing import few
from tests.processing.dyads import autoregressive, coupled, grid_rows
from tests.processing.skin_signals import comparable

QUICK = SynchronyConfig(
    band_from=60.0,
    band_every=30.0,
    pool_apart=60.0,
    look_every=60.0,
    first_look=120.0,
    least_segments=6,
    least_pool=10,
    window=15.0,
)


def people(
    x: FloatArray,
    y: FloatArray,
    signal: str,
    *,
    start: float = 0.0,
    speech: tuple[FloatArray, ...] | None = None,
) -> list[IndexSample]:
    """Return index samples, in the order in which they became available, that give x and y on the grid.

    Nobody speaks unless `speech` says so, second by second.
    """
    rule = SIGNALS[signal]
    x, y = (
        (60_000.0 / v if rule.scale == "rate" else np.exp(v) if rule.scale == "ln" else v) for v in (x, y)
    )
    rows = [
        row
        for entity, values in (("therapist", x), ("client", y))
        for row in grid_rows(rule.index, entity, values, sfreq=rule.sfreq, start=start)
    ]
    seconds = len(x) / rule.sfreq
    said = (np.zeros(int(seconds) + 1),) * 2 if speech is None else speech
    for entity, values in zip(("therapist", "client"), said, strict=False):
        rows += grid_rows("speaking", entity, values, sfreq=1.0, start=start)
    return sorted(rows, key=IndexSample.order)


def run(
    rows: list[IndexSample],
    signal: str,
    seconds: float,
    *,
    cuts: list[int] | None = None,
    config: SynchronyConfig = QUICK,
    start: float = 0.0,
    marks: tuple[tuple[float, Event], ...] = (),
) -> list[IndexSample]:
    synchrony = Synchrony(signal, config=PipelineConfig(synchrony=config))
    ticks: FloatArray = start + np.arange(1, round(seconds * 10), dtype=np.float64) * 0.1
    passed = ticks - 0.05
    out, at, heard = [], 0, 0
    for n in cuts or [len(ticks)]:
        stop = heard
        while stop < len(rows) and rows[stop].available <= ticks[min(at + n, len(ticks)) - 1]:
            stop += 1
        synchrony.hear(rows[heard:stop])
        for time, event in marks:
            if (ticks[at - 1] if at else -np.inf) < time <= ticks[min(at + n, len(ticks)) - 1]:
                synchrony.mark(event, time)
        out += synchrony.advance(
            ticks[at : at + n], dict.fromkeys(("heart", "skin", "voice"), passed[at : at + n])
        )
        at, heard = at + n, stop
    return sorted(out, key=IndexSample.order)


def column(rows: list[IndexSample], index: str) -> FloatArray:
    return np.array([row.value for row in rows if row.index == index])


def reasons(rows: list[IndexSample], index: str) -> set[str]:
    return {row.reason for row in rows if row.index == index}


def heart_rates(seed: int, seconds: int, mix: float = 0.6) -> tuple[FloatArray, FloatArray]:
    x, y = coupled(np.random.default_rng(seed), seconds * 4, sfreq=4.0, lead=2.0, mix=mix)
    return 70.0 + 4.0 * x, 80.0 + 4.0 * y


@few(5)
@given(data=st.data())
@pytest.mark.parametrize("signal", ["hr", "scl"])
def test_rows_do_not_depend_on_how_ticks_are_batched(signal: str, data: st.DataObject) -> None:
    x, y = heart_rates(1, 300)
    x[400:500] = np.nan
    if signal == "scl":
        x, y = x[::4] / 50.0, y[::4] / 50.0
    rows = people(x, y, signal)
    whole = run(rows, signal, 310.0)
    total = 3099
    edges = sorted(data.draw(st.sets(st.integers(1, total - 1), max_size=12)))
    cuts = np.diff([0, *edges, total]).tolist()
    assert repr(run(rows, signal, 310.0, cuts=cuts)) == repr(whole)


def test_one_tick_at_a_time_gives_the_same_rows() -> None:
    rows = people(*heart_rates(2, 200), "hr")
    assert repr(run(rows, "hr", 210.0, cuts=[1] * 2099)) == repr(run(rows, "hr", 210.0))


def test_exchanging_the_people_flips_lag_and_lead_and_nothing_else() -> None:
    x, y = heart_rates(3, 400)
    y[300:340] = np.nan
    there = run(people(x, y, "hr"), "hr", 410.0)
    back = run(people(y, x, "hr"), "hr", 410.0)
    assert len(there) == len(back)
    flipped = {"sync_hr_lag", "sync_hr_lead"}
    for a, b in zip(there, back, strict=True):
        expected = a._replace(value=-a.value) if a.index in flipped else a
        assert repr(b).replace("-0.0,", "0.0,") == repr(expected).replace("-0.0,", "0.0,")
    assert set(column(there, "sync_hr_lead")) >= {1.0}


def test_a_lead_of_two_seconds_is_shown_named_and_above_chance() -> None:
    rows = run(people(*heart_rates(4, 600, mix=0.8), "hr"), "hr", 620.0)
    lags = column(rows, "sync_hr_lag")
    assert np.nanmedian(lags) == pytest.approx(2.0, abs=0.25)
    assert 0.0 < column(rows, "sync_hr_p")[-1] < 1e-6
    assert column(rows, "sync_hr_stated")[-1] == 1.0
    assert column(rows, "sync_hr_lead")[-1] == 1.0
    value, high = column(rows, "sync_hr"), column(rows, "sync_hr_chance_high")
    both = np.isfinite(value) & np.isfinite(high)
    assert (value[both] > high[both]).mean() > 0.3


def test_independent_people_have_no_leader() -> None:
    rng = np.random.default_rng(5)
    x, y = (70.0 + 4.0 * autoregressive(rng, 2400, sfreq=4.0, tau=2.0) for _ in range(2))
    rows = run(people(x, y, "hr"), "hr", 620.0)
    assert np.isnan(column(rows, "sync_hr_lead")).all()
    assert reasons(rows, "sync_hr_lead") == {"not before minute 2", "coupling not stated"}
    assert np.nanmax(column(rows, "sync_hr_stated")) == 0.0


def test_statements_wait_for_the_first_look_and_the_band_for_its_minute() -> None:
    rows = run(people(*heart_rates(6, 300), "hr"), "hr", 310.0)
    p = [row for row in rows if row.index == "sync_hr_p"]
    assert [row.time for row in p[:3]] == [1.0, 61.0, 121.0]
    assert [row.reason for row in p[:3]] == ["not before minute 2", "not before minute 2", ""]
    band = [row for row in rows if row.index == "sync_hr_chance_high"]
    assert band[0].reason == "not before minute 1"
    assert np.isfinite(band[-1].value)


@pytest.mark.parametrize("last", [240.0, 299.0])
def test_no_look_comes_after_the_last_and_the_pool_ends_after_the_hours_it_can_hold(last: float) -> None:
    config = replace(QUICK, until=240.0, last_look=last)
    rows = run(people(*heart_rates(6, 400), "hr"), "hr", 410.0, config=config)
    for end in ("_p", "_stated", "_lead"):
        assert [r.time for r in rows if r.index == f"sync_hr{end}"] == [1.0, 61.0, 121.0, 181.0, 241.0]
    band = column(rows, "sync_hr_chance_high")
    assert np.isfinite(band[-1])
    assert len(set(band[-100:].tolist())) == 1


def test_a_silent_partner_gives_nan_with_quality_0_and_the_reason() -> None:
    x, y = heart_rates(7, 300)
    y[400:] = np.nan
    rows = run(people(x, y, "hr"), "hr", 310.0)
    last = [row for row in rows if row.index == "sync_hr"][-1]
    assert np.isnan(last.value)
    assert (last.quality, last.reason) == (0.0, "no data")
    assert "coverage below 80 %" in reasons(rows, "sync_hr")
    alone = run(people(np.full(1200, np.nan), y, "hr"), "hr", 310.0)
    assert reasons(alone, "sync_hr") == {"no data"}
    assert reasons(alone, "sync_hr_p") == {"not before minute 2", "no data"}


@pytest.mark.parametrize("signal", ["hr", "scl"])
def test_rows_in_doubt_are_no_data_and_the_reason_is_theirs(signal: str) -> None:
    """A heart rate or level at quality 0 was compared as if nothing had been said of it."""
    index, why = SIGNALS[signal].index, "unit looks like V, not mV"
    x, y = (v if signal == "hr" else v[::4] for v in heart_rates(7, 300))
    rows = [
        r._replace(quality=0.0, reason=why)
        if (r.index, r.entity) == (index, "client") and r.time > 150
        else r
        for r in people(x, y, signal)
    ]
    got = run(rows, signal, 300.0)
    assert comparable(got) == comparable(run(rows, signal, 300.0, cuts=[333, 1701, 2222]))
    late = [r for r in got if r.index == f"sync_{signal}" and r.time > 175.0]
    assert late and {(r.value == r.value, r.quality, r.reason) for r in late} == {
        (False, 0.0, f"in doubt: {why}")
    }
    assert all(r.reason == "" for r in got if r.index == f"sync_{signal}" and 30.0 < r.time < 140.0)


@pytest.mark.parametrize("signal", ["hr", "scl"])
def test_coupling_is_no_better_than_what_it_is_made_of(signal: str) -> None:
    x, y = (v if signal == "hr" else v[::4] for v in heart_rates(7, 300))
    rows = [
        r._replace(quality=0.4) if r.index == SIGNALS[signal].index and 150.0 < r.time <= 160.0 else r
        for r in people(x, y, signal)
    ]
    got = run(rows, signal, 300.0)
    assert comparable(got) == comparable(run(rows, signal, 300.0, cuts=[333, 1501, 1620]))
    assert column(got, f"sync_{signal}").tolist() == pytest.approx(
        column(run(people(x, y, signal), signal, 300.0), f"sync_{signal}").tolist(), nan_ok=True, abs=0.0
    )
    end = {r.time + QUICK.window / 2.0: r.quality for r in got if r.index == f"sync_{signal}"}
    assert {q for t, q in end.items() if 152.0 <= t < 160.0 + QUICK.window} == {0.4}
    assert {q for t, q in end.items() if 60.0 < t < 149.0 or t > 162.0 + QUICK.window + QUICK.max_lag} == {
        1.0
    }


def test_a_constant_signal_is_named_as_such() -> None:
    rows = run(people(np.full(1200, 70.0), heart_rates(8, 300)[1], "hr"), "hr", 310.0)
    assert np.isnan(column(rows, "sync_hr")).all()
    assert "constant signal" in reasons(rows, "sync_hr")


def test_rows_come_at_the_first_tick_whose_watermark_reaches_them() -> None:
    rows = run(people(*heart_rates(9, 60), "hr"), "hr", 65.0)
    delay, half = delay_of("hr", PipelineConfig()), QUICK.window / 2.0
    for row in rows:
        if row.index == "sync_hr":
            settled = row.time + half + delay
            assert settled + 0.05 <= row.available + 1e-9 < settled + 0.15 + 1e-9


def test_times_may_be_negative() -> None:
    x, y = heart_rates(10, 120)
    here = run(people(x, y, "hr", start=0.0), "hr", 130.0)
    early = run(people(x, y, "hr", start=-4096.0), "hr", 130.0, start=-4096.0)
    assert [r.value for r in here if r.reason == ""] == [r.value for r in early if r.reason == ""]
    assert [r.time for r in here] == [r.time + 4096.0 for r in early]


@pytest.mark.parametrize(
    ("signal", "why"),
    [
        ("lnrmssd", "too short to test"),
        ("f0", "heard only in turns"),
        ("intensity", "heard only in turns"),
    ],
)
def test_signals_that_no_test_holds_for_are_described_and_never_stated(signal: str, why: str) -> None:
    x = coupled(np.random.default_rng(11), 600, sfreq=1.0, lead=0.0, mix=1.0)[0]
    rows = run(people(x, x, signal), signal, 640.0, config=replace(QUICK, slow_window=30.0))
    assert np.isfinite(column(rows, f"sync_{signal}")).any()
    assert np.isfinite(column(rows, f"sync_{signal}_chance_high")).any()
    for end in ("_p", "_stated", "_lead"):
        assert reasons(rows, f"sync_{signal}{end}") == {why}
        assert np.isnan(column(rows, f"sync_{signal}{end}")).all()


def test_looks_come_at_minutes_10_to_50_and_too_few_segments_are_refused() -> None:
    config = SynchronyConfig()
    times = np.arange(config.first_look, config.last_look + 1.0, config.look_every) / 60.0
    assert times.tolist() == [10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0]
    assert config.p_stated == 0.001
    with pytest.raises(ValueError, match="least_segments = 5: must be at least 6"):
        SynchronyConfig(least_segments=5)


def test_unknown_signals_and_intervals_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="known: hr"):
        Synchrony("mood", config=PipelineConfig(synchrony=QUICK))
    with pytest.raises(ValueError, match="band_every"):
        SynchronyConfig(band_every=25.0)


def test_nothing_is_final_before_the_first_samples_have_their_times() -> None:
    synchrony = Synchrony("hr", config=PipelineConfig(synchrony=QUICK))
    assert synchrony.advance(np.array([0.1, 0.2]), {"heart": np.full(2, -np.inf)}) == []


def test_no_ticks_give_no_rows() -> None:
    synchrony = Synchrony("hr", config=PipelineConfig(synchrony=QUICK))
    assert synchrony.advance(np.empty(0), {"heart": np.empty(0)}) == []


def shares(rows: list[IndexSample]) -> list[float]:
    """Return the share of the hour that each look rests on."""
    return [round(row.quality, 6) for row in rows if row.index == "sync_hr_p"]


def test_a_look_knows_the_marks_of_its_moment_however_ticks_are_batched() -> None:
    rows = people(*heart_rates(20, 420, mix=0.8), "hr")
    clap = Event(time=60.0, code="sync_mark", actor="tech", id="clap")
    undone = Event(time=250.0, code="", phase="void", ref="clap", id="undo")
    marks = ((60.1, clap), (250.1, undone))
    plain, marked = (run(rows, "hr", 430.0, marks=m) for m in ((), marks))
    without, with_clap = shares(plain), shares(marked)
    # Looks at 2, 3 and 4 min do without what lies around the clap; from 5 min on it was never there.
    assert [a < b for a, b in zip(with_clap[2:5], without[2:5], strict=True)] == [True, True, True]
    assert with_clap[5:] == without[5:]
    assert repr(run(rows, "hr", 430.0, marks=marks, cuts=[1, 700, 7, 900, 2691])) == repr(marked)


def test_a_baseline_is_no_part_of_the_time_so_far() -> None:
    rows = people(*heart_rates(21, 420, mix=0.8), "hr")
    rest = [Event(time=0.5, code="baseline_rest", actor="tech", phase="on", id="on")]
    rest.append(Event(time=200.0, code="baseline_rest", actor="tech", phase="off", id="off"))
    found = run(rows, "hr", 430.0, marks=tuple((e.time + 0.1, e) for e in rest))
    p = [row for row in found if row.index == "sync_hr_p"]
    assert [row.reason for row in p[2:4]] == ["too few segments"] * 2
    assert np.isfinite(p[-1].value)


def test_without_a_speech_record_no_look_states_anything() -> None:
    x, y = heart_rates(22, 300, mix=0.8)
    deaf = [row for row in people(x, y, "hr") if row.index != "speaking"]
    rows = run(deaf, "hr", 310.0)
    assert reasons(rows, "sync_hr_stated") == {"not before minute 2", "no speech record"}
    assert np.isfinite(column(rows, "sync_hr")).any()
