"""What the simulated devices send agrees with the known truth, however it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.event import Notice
from acquisition.simulation import truth
from acquisition.simulation.body import SPACING
from acquisition.simulation.dyad import Block, Dyad, Feed, completed, simulated_streams
from acquisition.simulation.physiology import SCR_PEAK
from acquisition.simulation.script import (
    DROPOUT,
    ELECTRODE_OFF,
    FIRST_COUPLING,
    FIRST_EXCURSION,
    PAST,
    REST,
    TALK,
    Script,
)
from acquisition.stream import PEOPLE, Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.voice.rows import TURN_CHANNELS

START = 1000.0


@lru_cache(maxsize=4)
def blocks(seed: int, ecg: float = 130.0, end: float = 300.0) -> list[Block]:
    return Dyad(Script(seed), simulated_streams(ecg=ecg)).until(end)


SKIN = tuple(i for i in simulated_streams() if i.modality is Modality.EDA)


@cache
def skin(seed: int, end: float) -> list[Block]:
    """Return the blocks of hours of which only the skin is asked for."""
    return Dyad(Script(seed), SKIN).until(end)


def signal(
    parts: list[Block], role: Role, modality: Modality, infos: Sequence[StreamInfo] = simulated_streams()
) -> tuple[FloatArray, FloatArray]:
    k = [(i.role, i.modality) for i in infos].index((role, modality))
    times = np.concatenate([b.streams[k][0] for b in parts])
    return times, np.concatenate([b.streams[k][1] for b in parts]).astype(float)


def beats(parts: list[Block], role: Role, begin: float = -PAST, end: float = np.inf) -> FloatArray:
    times = np.concatenate([b.beats[role].times for b in parts])
    return times[(times >= begin) & (times < end)]


def rmssd(times: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.diff(np.diff(times)) ** 2))) * 1000


@pytest.mark.parametrize("role", PEOPLE)
def test_known_r_times_are_the_peaks_of_the_ecg(role: Role) -> None:
    parts = blocks(1, ecg=1000.0, end=-600.0)
    times, x = signal(parts, role, Modality.ECG)
    errors = []
    for r in beats(parts, role, -PAST + 1, -601):
        near = np.flatnonzero(np.abs(times - r) < 0.006)
        a, b, _ = np.polyfit(times[near] - r, x[near, 0], 2)
        errors.append(-b / (2 * a))
    assert len(errors) > 100
    assert abs(np.median(errors)) < 1e-4
    assert np.max(np.abs(errors)) < 1e-3


@pytest.mark.parametrize("role", PEOPLE)
@pytest.mark.filterwarnings("ignore")  # its own warnings about versions of its dependencies
def test_neurokit_finds_the_known_beats(role: Role) -> None:
    parts = blocks(1)
    times, x = signal(parts, role, Modality.ECG)
    nk = pytest.importorskip("neurokit2")  # every worker would wait for it
    _, found = nk.ecg_peaks(nk.ecg_clean(x[:, 0], sampling_rate=130), sampling_rate=130)
    peaks = times[found["ECG_R_Peaks"]]
    true = beats(parts, role)
    if role is ELECTRODE_OFF.role:
        peaks, true = (p[(p < ELECTRODE_OFF.start - 2) | (p > ELECTRODE_OFF.stop + 2)] for p in (peaks, true))
    hits = sum(np.abs(peaks - r).min() < 0.05 for r in true)
    assert 2 * hits / (len(true) + len(peaks)) >= 0.99


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_vagal_variation_is_that_of_adults_and_shrinks_with_speech(seed: int) -> None:
    parts = blocks(seed)
    for role in PEOPLE:
        rest, talk = rmssd(beats(parts, role, *REST)), rmssd(beats(parts, role, *TALK))
        assert 24 < rest < 46
        assert talk < 0.92 * rest


@pytest.mark.parametrize("role", PEOPLE)
def test_rr_swings_at_the_rate_of_breathing(role: Role) -> None:
    r = beats(blocks(1), role, *REST)
    grid = np.arange(r[1], r[-1], 0.25)
    x = np.interp(grid, r[1:], np.diff(r) * 1000)
    power = np.abs(np.fft.rfft((x - x.mean()) * np.hanning(len(x)))) ** 2
    f = np.fft.rfftfreq(len(x), 0.25)
    band = (f > 0.15) & (f < 0.4)
    me = truth.traits(1, role)
    assert f[band][np.argmax(power[band])] == pytest.approx(me.breathing, abs=0.02)
    variance = 2 * power[band].sum() / len(x) / np.sum(np.hanning(len(x)) ** 2)
    # An interval averages the swing over itself, and the line between two intervals does so twice more.
    seen = np.sinc(me.breathing * np.diff(r).mean()) ** 3
    assert variance == pytest.approx((seen * me.rsa) ** 2 / 2, rel=0.1)
    times, resp = signal(blocks(1), role, Modality.RESP)
    rest = (times > REST[0]) & (times < REST[1])
    ups = np.sum((resp[rest][1:, 0] > 0) & (resp[rest][:-1, 0] <= 0))
    assert ups / (REST[1] - REST[0]) == pytest.approx(me.breathing, abs=0.03)


@pytest.mark.parametrize("role", PEOPLE)
def test_mean_heart_rate_is_the_truth(role: Role) -> None:
    parts = blocks(1)
    for begin in range(-700, 200, 60):
        r = beats(parts, role, begin, begin + 60)
        t = np.arange(r[0], r[-1], 0.25)
        assert 60 / np.diff(r).mean() == pytest.approx(truth.hr(Script(1), role, t).mean(), abs=0.5)


def test_the_excursion_shows_in_heart_rate_level_and_responses() -> None:
    parts, e = blocks(1), FIRST_EXCURSION
    t = np.array([e.stop - 20, e.stop])
    rise = truth.excited(Script(1), Role.CLIENT, t, "hr").mean()
    r = beats(parts, Role.CLIENT, *t)
    rest = beats(parts, Role.CLIENT, *REST)
    assert rise > 12
    assert 60 / np.diff(r).mean() - 60 / np.diff(rest).mean() == pytest.approx(rise, abs=6)
    times, x = signal(parts, Role.CLIENT, Modality.EDA)
    low = np.median(x[(times > REST[0]) & (times < REST[1])])
    assert np.min(x[(times > t[0]) & (times < t[1])]) > 1.2 * low


def test_the_lag_of_heart_rate_is_found_in_the_beats() -> None:
    lags = []
    for seed in range(1, 6):
        parts = blocks(seed)
        grid = np.arange(FIRST_COUPLING.start + 6, FIRST_COUPLING.stop - 6, 0.25)
        x, y = (
            np.interp(grid, (r := beats(parts, role))[1:], 60 / np.diff(r))
            for role in (Role.THERAPIST, Role.CLIENT)
        )
        n = 24
        rs = [np.corrcoef(x[n:-n], y[n + k : len(y) - n + k])[0, 1] for k in range(-n, n + 1)]
        lags.append((int(np.argmax(rs)) - n) / 4)
    assert np.median(lags) == pytest.approx(FIRST_COUPLING.hr_lag, abs=0.5)


def test_responses_come_at_the_rate_of_the_script_and_apart() -> None:
    parts = skin(1, 7200.0)
    script = Script(1)
    for role in PEOPLE:
        onsets = np.concatenate([b.responses[role].onsets for b in parts])
        assert np.diff(onsets).min() >= SPACING
        t = np.arange(-PAST, 7200.0)
        free = np.ones(len(t), bool)
        for c in script.couplings(-PAST, 7200.0):
            free &= (t < c.start) | (t >= c.stop)
        alone = sum(free[int(o + PAST)] for o in onsets)
        wanted = truth.scr_rate(script, role, t)[free].sum() / 60
        assert alone == pytest.approx(wanted, rel=0.12)


def test_the_followers_skin_repeats_the_leaders_responses() -> None:
    parts = skin(1, 7200.0)
    theirs, own = (
        np.concatenate([b.responses[r].onsets for b in parts]) for r in (Role.THERAPIST, Role.CLIENT)
    )
    inside = np.zeros(len(theirs), bool)
    for c in Script(1).couplings(-PAST, 7100.0):
        inside |= (theirs > c.start + 6) & (theirs < c.stop - 9)
    repeated = [np.abs(own - (o + 3.0)).min() < 1e-9 for o in theirs]
    assert inside.sum() > 50
    assert 0.6 < np.mean(np.array(repeated)[inside]) < 0.95
    assert not np.any(np.array(repeated)[~inside & (theirs < -130)])


@pytest.mark.parametrize("role", PEOPLE)
def test_a_lone_response_stands_in_the_signal_with_its_height(role: Role) -> None:
    parts = skin(2, 3600.0)
    times, x = signal(parts, role, Modality.EDA, SKIN)
    phasic = x[:, 0] - np.exp(truth.ln_scl(Script(2), role, times))
    onsets = np.concatenate([b.responses[role].onsets for b in parts])
    heights = np.concatenate([b.responses[role].amplitudes for b in parts])
    alone = np.flatnonzero((np.diff(onsets, prepend=-1e9) > 20) & (np.diff(onsets, append=1e9) > 5))
    alone = alone[(onsets[alone] < DROPOUT.start - 5) | (onsets[alone] > DROPOUT.stop)]
    assert len(alone) > 20
    errors = []
    for i in alone:
        at = np.searchsorted(times, [onsets[i], onsets[i] + SCR_PEAK])
        errors.append(phasic[at[1] - 1 : at[1] + 1].max() - heights[i])
    assert abs(np.median(errors)) < 0.01


def test_an_electrode_that_is_off_leaves_noise_and_no_heart() -> None:
    parts = blocks(1)
    times, x = signal(parts, ELECTRODE_OFF.role, Modality.ECG)
    off = (times >= ELECTRODE_OFF.start) & (times < ELECTRODE_OFF.stop)
    r = beats(parts, ELECTRODE_OFF.role, ELECTRODE_OFF.start, ELECTRODE_OFF.stop)
    assert len(r) > 20
    at = np.searchsorted(times, r)
    assert abs(x[at, 0].mean()) < 0.3
    assert x[off, 0].std() > 0.25
    assert off.sum() == pytest.approx(130 * (ELECTRODE_OFF.stop - ELECTRODE_OFF.start), abs=1)


def test_a_dropout_has_no_samples_and_says_so() -> None:
    feed = Feed(Dyad(Script(1), simulated_streams()), START)
    items = feed.take(START)
    times = next(i.times for i in items if isinstance(i, Chunk) and i.info.key == (DROPOUT.role, "EDA"))
    assert not np.any((times >= START + DROPOUT.start) & (times < START + DROPOUT.stop))
    assert np.max(np.diff(times)) == pytest.approx(DROPOUT.stop - DROPOUT.start + 0.25, abs=0.25)
    (notice,) = [i for i in items if isinstance(i, Notice)]
    assert (notice.kind, notice.role, notice.stream) == ("gap", DROPOUT.role, "EDA")
    assert (notice.start, notice.stop) == (START + DROPOUT.start, START + DROPOUT.stop)


def test_voice_rows_follow_the_turns() -> None:
    parts = blocks(1)
    for role in PEOPLE:
        times, rows = signal(parts, role, Modality.VOICE)
        np.testing.assert_array_equal(times, np.arange(-PAST, 300.0))
        spoken = sum(
            min(t.stop, 299.0) - max(t.start, -PAST) for t in Script(1).turns(-PAST, 299.0) if t.role is role
        )
        assert rows[:, 0].sum() == pytest.approx(spoken, abs=0.01)
        assert not rows[times < -404, 0].any()
        silent = rows[:, 0] < 0.1
        assert np.isnan(rows[silent, 1:5]).all() and np.isfinite(rows[~silent]).all()
        assert np.median(rows[~silent, 1]) == pytest.approx(truth.traits(1, role).f0, rel=0.1)


@pytest.mark.parametrize("sfreq", [33.3, 130.0, 250.0, 1000.0])
def test_samples_follow_one_another_at_any_rate(sfreq: float) -> None:
    infos = tuple(i for i in simulated_streams(ecg=sfreq) if i.modality is Modality.ECG)
    parts = Dyad(Script(4), infos).until(-680.0)
    times = np.concatenate([b.streams[0][0] for b in parts])
    np.testing.assert_allclose(np.diff(times), 1 / sfreq, rtol=1e-8)
    assert len(times) == int(np.ceil(40 * sfreq))


def test_blocks_join_without_a_step() -> None:
    parts = blocks(1)
    times, x = signal(parts, Role.CLIENT, Modality.EDA)
    joints = np.flatnonzero(np.isclose(times % 10, 0))[1:]
    steps = np.abs(np.diff(x[:, 0]))
    assert steps[joints - 1].max() <= steps.max()
    assert np.median(steps[joints - 1]) < 2 * np.median(steps)
    clean_steps, rate = [], 250.0
    for b, after in pairwise(parts):
        t = np.array([b.end - 1e-6, after.begin])
        clean_steps.append(float(np.ptp(truth.rr(Script(1), Role.CLIENT, t))) * rate)
    assert max(clean_steps) < 1e-3


def test_intervals_know_no_blocks() -> None:
    for role in PEOPLE:
        times = np.concatenate([b.beats[role].times for b in blocks(1)])
        intervals = np.concatenate([b.beats[role].rr for b in blocks(1)])
        np.testing.assert_allclose(np.diff(times), intervals[1:], rtol=0, atol=1e-12)
        assert 0.45 < intervals.min() < intervals.max() < 1.3


def test_a_seed_always_gives_the_same_people_and_another_seed_others() -> None:
    a, b = (Dyad(Script(5), simulated_streams()).until(-600.0) for _ in range(2))
    for x, y in zip(a, b, strict=True):
        for (t, v), (u, w) in zip(x.streams, y.streams, strict=True):
            np.testing.assert_array_equal(t, u)
            np.testing.assert_array_equal(v, w)
    other = Dyad(Script(6), simulated_streams()).until(-600.0)
    assert beats(a, Role.CLIENT)[0] != beats(other, Role.CLIENT)[0]


def test_the_people_of_seed_1_are_these_on_every_machine() -> None:
    first = blocks(1)[0].beats
    wanted = {
        Role.CLIENT: [-719.7079767951941, -718.871540054101, -718.05610615998],
        Role.THERAPIST: [-719.7016320039937, -718.7868676377112, -717.8264860400807],
    }
    for role, times in wanted.items():
        np.testing.assert_allclose(first[role].times[:3], times, rtol=0, atol=1e-6)


def collect(feed: Feed, stops: list[float]) -> dict[tuple[Role, str], tuple[FloatArray, FloatArray]]:
    got: dict[tuple[Role, str], list[Chunk]] = {}
    for stop in stops:
        for item in feed.take(stop):
            if isinstance(item, Chunk):
                assert len(item.times) and item.times[-1] <= stop
                got.setdefault(item.info.key, []).append(item)
    return {
        k: (np.concatenate([c.times for c in v]), np.concatenate([c.samples for c in v]))
        for k, v in got.items()
    }


@cache
def whole() -> dict[tuple[Role, str], tuple[FloatArray, FloatArray]]:
    return collect(Feed(Dyad(Script(1), simulated_streams()), START), [START - PAST + 60.0])


@settings(max_examples=12, deadline=None)
@given(st.lists(st.floats(-1.0, 60.0), max_size=12))
def test_samples_do_not_depend_on_when_they_are_taken(cuts: list[float]) -> None:
    stops = [START - PAST + c for c in [*sorted(cuts), 60.0]]
    got = collect(Feed(Dyad(Script(1), simulated_streams()), START), stops)
    assert got.keys() == whole().keys()
    for key, (times, x) in got.items():
        np.testing.assert_array_equal(times, whole()[key][0])
        np.testing.assert_array_equal(x, whole()[key][1])


def test_rows_of_turns_are_the_turns_of_the_script() -> None:
    info = StreamInfo(
        name="Voice turns",
        role=Role.CLIENT,
        modality=Modality.VOICE,
        sfreq=0.0,
        unit="",
        channels=TURN_CHANNELS,
    )
    parts = Dyad(Script(1), (completed(info),)).until(100.0)
    times = np.concatenate([block.streams[0][0] for block in parts])
    rows = np.concatenate([block.streams[0][1] for block in parts])
    true = [
        t for t in Script(1).turns(-PAST, parts[-1].end) if t.role is Role.CLIENT and t.stop < parts[-1].end
    ]
    np.testing.assert_array_equal(times, [t.stop for t in true])
    np.testing.assert_allclose(rows[:, 0], [t.stop - t.start for t in true], atol=1e-4)
    np.testing.assert_allclose(rows[:, 0], rows[:, 1] + rows[:, 2], atol=1e-3)
