"""Voice markers from rows and turns with known answers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.batch import gather
from acquisition.event import Event, Phase
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.script import Script
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import PERIOD, Tick
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS
from processing.index import IndexSample
from processing.parts import sources
from processing.pipeline import Pipeline
from processing.voice.voice import Voice, VoiceConfig
from processing.voice.windows import (
    ATOMS,
    Second,
    quantile,
    quantiles,
    range_of,
    semitones,
    weighted_mean,
)
from tests.drawing import few

ROWS = StreamInfo(
    name="Voice", role=Role.CLIENT, modality=Modality.VOICE, sfreq=0.0, unit="", channels=ROW_CHANNELS
)
TURNS = StreamInfo(
    name="Voice turns", role=Role.CLIENT, modality=Modality.VOICE, sfreq=0.0, unit="", channels=TURN_CHANNELS
)
START = 1000


def rows(n: int, **columns: object) -> FloatArray:
    """Return rows of someone who speaks all the time at 120 Hz, but for the columns given."""
    usual = {
        "voice_activity": 1.0,
        "f0_median": 120.0,
        "f0_spread": 0.0,
        "intensity": -25.0,
        "alpha_ratio": -12.0,
        "voiced_share": 0.6,
        "uncertain": 0.0,
        "phonation": 0.9,
        "nuclei": 4.0,
        "mid_band_share": 0.3,
        "hnr": math.nan,
        "jitter": math.nan,
        "shimmer": math.nan,
    }
    return np.array([np.broadcast_to(np.asarray((usual | columns)[c], float), n) for c in ROW_CHANNELS]).T


def seconds(n: int) -> FloatArray:
    """Return the stamps of n rows."""
    return START + 1.0 + np.arange(n, dtype=np.float64)


def voice_of(
    samples: FloatArray,
    *,
    times: FloatArray | None = None,
    turns: Sequence[tuple[float, Sequence[float]]] = (),
    events: Sequence[Event] = (),
    cuts: Sequence[int] = (10**6,),
    lateness: float = 3.0,
) -> list[IndexSample]:
    """Run one person's rows through the estimator, ticks in groups of `cuts`, which repeat."""
    stamps = seconds(len(samples)) if times is None else times
    voice = Voice("client", config=VoiceConfig())
    ticks: FloatArray = START - 0.5 + 0.1 * np.arange(round(10 * (len(samples) + 12 + lateness)), dtype=float)
    out: list[IndexSample] = []
    at = sent = told = marked = k = 0
    while at < len(ticks):
        group = ticks[at : at + cuts[k % len(cuts)]]
        at, k = at + len(group), k + 1
        stop = int(np.searchsorted(stamps, group[-1]))
        voice.update(Chunk(ROWS, stamps[sent:stop], samples[sent:stop]))
        while told < len(turns) and turns[told][0] + 1.5 <= group[-1]:
            stamp, values = turns[told]
            voice.update(Chunk(TURNS, np.array([stamp]), np.array([values])))
            told += 1
        while marked < len(events) and events[marked].time <= group[-1]:
            tick = float(ticks[np.searchsorted(ticks, events[marked].time)])
            voice.mark(events[marked], tick)
            marked += 1
        sent = stop
        out += voice.advance(group, {"voice": group - lateness})
    return sorted(out, key=IndexSample.order)


def values(samples: Sequence[IndexSample], index: str) -> dict[float, float]:
    return {s.time: s.value for s in samples if s.index == index}


def talk(on: float, off: float) -> list[Event]:
    return [
        Event(time=START + on, code="baseline_talk", phase="on"),
        Event(time=START + off, code="baseline_talk", phase="off"),
    ]


def test_shift_is_in_semitones_from_the_speakers_own_talk_baseline() -> None:
    f0 = np.where(np.arange(240) < 100, 120.0, 240.0)
    level = np.where(np.arange(240) < 100, -25.0, -19.0)
    out = voice_of(rows(240, f0_median=f0, intensity=level), events=talk(10.5, 90.5))
    shift, louder = values(out, "f0_shift"), values(out, "intensity_shift")
    assert math.isnan(shift[START + 60.0])
    assert shift[START + 93.0] == 0.0
    assert shift[START + 120.0] == pytest.approx(12.0)
    assert louder[START + 120.0] == pytest.approx(6.0)
    reference = {s.index: s for s in out if s.index in ("f0_ref", "intensity_ref", "voice_ref_n")}
    assert reference["f0_ref"].value == 120.0
    assert reference["intensity_ref"].value == pytest.approx(-25.0)
    assert reference["voice_ref_n"].value == pytest.approx(79 * 0.6)
    assert reference["voice_ref_n"].reason == "baseline_talk"


def test_without_talk_baseline_the_first_minute_of_voiced_speech_serves() -> None:
    out = voice_of(rows(200))
    shift = {s.time: s for s in out if s.index == "f0_shift"}
    assert shift[START + 50.0].reason == "no voice baseline"
    assert [s.time for s in out if s.index == "f0_ref"] == [START + 100.0]
    assert shift[START + 120.0].value == 0.0


def test_a_talk_baseline_of_too_little_speech_does_not_count() -> None:
    out = voice_of(rows(60, voiced_share=0.5), events=talk(1.0, 50.0))
    assert not [s for s in out if s.index == "f0_ref"]


def test_the_baseline_is_frozen_once_taken() -> None:
    f0 = np.where(np.arange(300) < 100, 120.0, 150.0)
    out = voice_of(rows(300, f0_median=f0), events=[*talk(5.0, 90.0), *talk(150.0, 250.0)])
    assert [s.value for s in out if s.index == "f0_ref"] == [120.0]
    assert values(out, "f0_shift")[START + 280.0] == pytest.approx(12 * math.log2(150 / 120))


def test_speaking_stands_for_the_second_that_ends_there() -> None:
    share = np.where(np.arange(30) % 10 < 4, 0.9, 0.2)
    speaking = values(voice_of(rows(30, voice_activity=share)), "speaking")
    assert [speaking[START + 1.0 + k] for k in range(10)] == [1.0] * 4 + [0.0] * 6


def test_missing_rows_are_no_data_not_silence() -> None:
    samples, stamps = rows(60), seconds(60)
    keep = (stamps < START + 20) | (stamps > START + 45)
    out = voice_of(samples[keep], times=stamps[keep])
    gap = [s for s in out if s.index == "speaking" and START + 20 < s.time < START + 45]
    assert {s.reason for s in gap} == {"no data"}
    assert all(math.isnan(s.value) for s in gap)
    assert {s.reason for s in out if s.index == "f0_shift" and s.time == START + 35.0} == {"no data"}


def test_all_nan_rows_give_nan_with_a_reason() -> None:
    out = voice_of(np.full((40, len(ROW_CHANNELS)), np.nan))
    assert out
    assert all(math.isnan(s.value) and s.reason for s in out)


def test_too_little_voiced_speech_gives_no_marker() -> None:
    out = voice_of(rows(60, voiced_share=0.1, phonation=0.15), events=talk(1.0, 50.0))
    reasons = {s.index: s.reason for s in out if s.time == START + 45.0}
    assert reasons["f0_shift"] == "less than 2 s voiced"
    assert reasons["intensity_shift"] == "spoke less than 2 s"


@pytest.mark.parametrize("seed", range(3))
def test_range_from_medians_and_spreads_is_near_that_of_the_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    frames = 40 + 2.0 * rng.standard_normal((30, 1)) + 1.5 * rng.standard_normal((30, 40))
    hertz = 10.0 * 2 ** (frames / 12)
    window = [
        Second.of(
            dict(
                zip(
                    ROW_CHANNELS,
                    (1.0, np.median(f), np.diff(np.percentile(f, (16, 84)))[0] / 2, -20, -10, 0.6, 0, 1, 4),
                    strict=False,
                )
            )
        )
        for f in hertz
    ]
    truth = np.diff(np.percentile(frames, (10, 90)))[0]
    assert range_of(window) == pytest.approx(truth, rel=0.08)


def test_a_second_without_a_pitch_is_not_voiced_whatever_its_sender_says() -> None:
    for hertz in (0.0, -1.0, math.nan):
        second = Second.of({"f0_median": hertz, "voiced_share": 0.7})
        assert second.voiced == 0.0 and math.isnan(second.f0)
    assert Second.of({"f0_median": 110.0, "voiced_share": 0.7})[1:6:4] == (110.0, 0.7)


def test_a_mean_counts_what_has_weight_and_is_unknown_without() -> None:
    assert weighted_mean([(2.0, 1.0), (5.0, 3.0), (math.nan, 9.0), (7.0, 0.0)]) == 4.25
    assert math.isnan(weighted_mean([(5.0, 0.0), (math.nan, 1.0)]))


def one_by_one(pairs: list[tuple[float, float]], share: float) -> float:
    """Return a quantile as its definition reads, value after value."""
    known = sorted((v, w) for v, w in pairs if math.isfinite(v) and w > 0.0)
    if not known:
        return math.nan
    target, before, last = share * math.fsum(w for _, w in known), 0.0, (-math.inf, known[0][0])
    for value, weight in known:
        middle = before + weight / 2
        if middle >= target:
            at, low = last
            return low if at == -math.inf else low + (value - low) * (target - at) / (middle - at)
        last, before = (middle, value), before + weight
    return last[1]


WEIGHED = st.lists(
    st.tuples(
        st.one_of(st.floats(-1e6, 1e6), st.sampled_from([1.0, 2.0, math.nan, math.inf])),
        st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 0.25, 5e-324, math.nan])),
    ),
    max_size=40,
)


@given(WEIGHED, st.lists(st.floats(0.0, 1.0), min_size=1, max_size=3))
def test_quantiles_are_to_the_bit_what_their_definition_says(
    pairs: list[tuple[float, float]], shares: list[float]
) -> None:
    assert repr(quantiles(pairs, *shares)) == repr([one_by_one(pairs, share) for share in shares])
    assert repr([quantile(pairs, share) for share in shares]) == repr(quantiles(pairs, *shares))


SECONDS = st.lists(st.tuples(st.floats(60.0, 400.0), st.floats(0.0, 80.0), st.floats(0.0, 1.0)), max_size=12)


@given(SECONDS)
def test_range_is_that_of_the_values_each_second_stands_for(rows: list[tuple[float, float, float]]) -> None:
    window = [Second(1.0, f0, spread, -20.0, -10.0, voiced, 0.0, 1.0) for f0, spread, voiced in rows]
    pairs = [
        (semitones(f0, 100.0) + z * semitones(f0 + spread, f0), voiced / len(ATOMS))
        for f0, spread, voiced in rows
        if voiced > 0.0
        for z in ATOMS
    ]
    assert repr(range_of(window)) == repr(one_by_one(pairs, 0.9) - one_by_one(pairs, 0.1))


def test_quantiles_of_equal_weights_are_the_median() -> None:
    assert quantile([(x, 1.0) for x in (3.0, 1.0, 2.0)], 0.5) == 2.0
    assert quantile([(1.0, 1.0), (2.0, 1.0)], 0.5) == 1.5
    assert math.isnan(quantile([], 0.5))


def test_rates_belong_to_turns_with_enough_phonation() -> None:
    turns = [
        (START + 12.5, (10.0, 8.0, 2.0, 32.0, 120.0, -25.0)),
        (START + 20.0, (3.0, 3.0, 0.0, 12.0, math.nan, -25.0)),
    ]
    out = voice_of(rows(30), turns=turns)
    assert values(out, "articulation_rate")[START + 7.5] == 4.0
    assert values(out, "speech_rate")[START + 7.5] == 3.2
    assert values(out, "pause_ratio") == {START + 7.5: 0.2, START + 18.5: 0.0}
    assert math.isnan(values(out, "articulation_rate")[START + 18.5])
    assert values(out, "turn") == {START + 2.5: 10.0, START + 17.0: 3.0}
    assert {s.reason for s in out if s.index == "turn_f0"} == {"", "no voiced speech"}


@few(12)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.integers(0, 3))
def test_result_does_not_depend_on_chunk_size(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 120
    samples = rows(
        n,
        f0_median=120 * 2 ** rng.normal(0, 0.2, n),
        f0_spread=rng.uniform(1, 9, n),
        voiced_share=rng.uniform(0, 1, n),
    )
    stamps = seconds(n) + rng.uniform(-0.2, 0.2, n)
    turns = [
        (START + 30.2, (8.0, 6.5, 1.5, 25.0, 118.0, -24.0)),
        (START + 55.0, (4.0, 4.0, 0.0, 9.0, 130.0, -22.0)),
    ]
    events = talk(10.0, 70.0)
    whole = voice_of(samples, times=stamps, turns=turns, events=events)
    assert repr(voice_of(samples, times=stamps, turns=turns, events=events, cuts=cuts)) == repr(whole)


def simulated(seconds: float) -> tuple[tuple[StreamInfo, ...], list[Chunk | Tick]]:
    infos = tuple(i for i in simulated_streams() if i.modality in (Modality.ECG, Modality.VOICE))
    feed = Feed(Dyad(Script(7), infos), 500.25)
    feed.take(500.25)
    items: list[Chunk | Tick] = []
    for k in range(round(seconds / PERIOD)):
        now = 500.25 + k * PERIOD
        items += [item for item in feed.take(now) if isinstance(item, Chunk)]
        items.append(Tick(k, now, 1.7e9 + now))
    return infos, items


def test_the_pipeline_hears_simulated_voices_and_couples_them() -> None:
    infos, items = simulated(240.0)
    assert {part for _, part in sources(infos)} == {"heart", "voice"}
    out = Pipeline(infos, session_id="test").run(items)
    for entity in ("client", "therapist"):
        spoke = [
            s.value for s in out if s.entity == entity and s.index == "speaking" and math.isfinite(s.value)
        ]
        assert 0.05 < np.mean(spoke) < 0.95
        assert len(spoke) > 220
    assert [s for s in out if s.index == "f0_shift" and math.isfinite(s.value)]
    assert {"sync_f0", "sync_intensity"} <= {s.index for s in out}
    assert [s for s in out if s.index == "lnrmssd" and s.reason.startswith("spoke")]


def marker(at: float, phase: Phase, id: str = "", ref: str = "") -> Event:
    return Event(time=START + at, code="baseline_talk", phase=phase, actor="tech", id=id, ref=ref)


def references(samples: Sequence[IndexSample]) -> list[tuple[float, float, str]]:
    return [(s.time - START, s.value, s.reason) for s in samples if s.index == "f0_ref"]


def test_an_undone_off_marker_takes_its_baseline_back_until_the_next_one() -> None:
    f0 = np.where(np.arange(240) < 100, 120.0, 150.0)
    events = [marker(5, "on", "a"), marker(90, "off", "b"), marker(96, "void", "c", ref="b")]
    out = voice_of(rows(240, f0_median=f0), events=[*events, marker(200, "off", "d")])
    first, gone, again = references(out)
    assert first[1:] == (120.0, "baseline_talk")
    assert math.isnan(gone[1]) and gone[2] == "withdrawn: its marker was undone"
    assert again[1:] == (150.0, "baseline_talk")  # 5 to 200 s: most of it is of the second kind
    assert [gone[0], again[0]] == pytest.approx([97.0, 201.0], abs=1.0)
    shift = {s.time - START: s for s in out if s.index == "f0_shift"}
    assert shift[88.0].value == pytest.approx(0.0)
    assert shift[150.0].reason == "no voice baseline"


def test_without_its_on_marker_there_is_no_talk_baseline() -> None:
    events = [marker(5, "on", "a"), marker(9, "void", "b", ref="a"), marker(90, "off", "c")]
    assert [r[2] for r in references(voice_of(rows(150), events=events))] == ["first voiced speech"]
    late = [marker(5, "on", "a"), marker(90, "off", "b"), marker(95, "void", "c", ref="a")]
    out = references(voice_of(rows(150), events=late))
    assert [r[2] for r in out] == [
        "baseline_talk",
        "withdrawn: its marker was undone",
        "first voiced speech",
    ]


def test_an_undone_talk_baseline_gives_way_to_the_first_speech() -> None:
    f0 = np.where(np.arange(300) < 120, 120.0, 150.0)
    events = [marker(130, "on", "a"), marker(220, "off", "b"), marker(226, "void", "c", ref="b")]
    out = references(voice_of(rows(300, f0_median=f0), events=events))
    assert [r[1] for r in out] == [120.0, 150.0, 120.0]


def test_a_void_of_something_else_changes_nothing() -> None:
    events = [marker(5, "on", "a"), marker(90, "off", "b")]
    other = [*events, marker(95, "void", "c", ref="x"), marker(96, "void", "d")]
    assert repr(voice_of(rows(150), events=other)) == repr(voice_of(rows(150), events=events))


def ended(turns: Sequence[float], sizes: Sequence[int]) -> list[tuple[float, float]]:
    """Return start and tick of the turns of a recording that ends 0.25 s after the last of them ended."""
    infos = (ROWS, TURNS)
    items: list[Chunk | Tick] = []
    sent = 0
    stop = max(turns) + 0.25
    for k in range(math.ceil((stop - START) / PERIOD) + 1):
        now = START + k * PERIOD
        if k and k % 10 == 0:
            items.append(Chunk(ROWS, np.array([now]), rows(1)))
        due = [t for t in turns[sent:] if t <= now]
        if due:
            values = [(2.0, 2.0, 0.0, 8.0, 120.0, -25.0)] * len(due)
            items.append(Chunk(TURNS, np.array(due), np.array(values)))
            sent += len(due)
        items.append(Tick(k, now, 1.7e9 + now))
    pipeline, out = Pipeline(infos, session_id="test"), list[IndexSample]()
    at = j = 0
    ticks = [i for i, item in enumerate(items) if isinstance(item, Tick)]
    while at < len(items):
        size = sizes[j % len(sizes)]
        j += 1
        last = next(
            (i for i in ticks if i >= at and size <= sum(at <= t <= i for t in ticks)), len(items) - 1
        )
        for batch in gather(items[at : last + 1]):
            out += pipeline.push(batch)
        at = last + 1
    return [(s.time + s.value, s.available) for s in out if s.index == "turn"]


@few(8)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_the_last_turn_is_there_at_the_end_however_the_recording_is_cut(sizes: list[int]) -> None:
    turns = [START + 3.0, START + 7.31, START + 7.31, START + 12.94]
    found = ended(turns, sizes)
    assert [end for end, _ in found] == pytest.approx([turns[0], turns[1], turns[2], turns[3]])
    assert found[-1][1] - turns[-1] <= PERIOD + 1e-6
    assert repr(found) == repr(ended(turns, [10**6]))


def test_what_is_exploratory_comes_every_five_seconds_and_only_if_measured() -> None:
    plain = voice_of(rows(80, mid_band_share=0.4, hnr=math.nan, jitter=math.nan, shimmer=math.nan))
    assert {s.index for s in plain} & {"hnr", "jitter", "shimmer"} == set()
    shares = [s for s in plain if s.index == "mid_band_share"]
    assert {s.time % 5 for s in shares} == {0.0}
    assert {round(s.value, 9) for s in shares if not s.reason} == {0.4}
    hnr = np.where(np.arange(80) % 2 == 0, 12.0, math.nan)
    out = voice_of(rows(80, mid_band_share=0.4, hnr=hnr, jitter=0.9, shimmer=4.0))
    for index, value, unit in (("hnr", 12.0, "dB"), ("jitter", 0.9, "%"), ("shimmer", 4.0, "%")):
        found = [s for s in out if s.index == index]
        assert {round(s.value, 9) for s in found if not s.reason} == {value}
        assert {s.unit for s in found} == {unit}
