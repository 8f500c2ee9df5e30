"""A respiration stream gives the breathing rate, and decides when HF and RSA have a value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.batch import Item, gather
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from processing.catalogue import emitted
from processing.config import PipelineConfig
from processing.heart.config import RespirationConfig
from processing.heart.grid import beyond
from processing.heart.respiration_stream import Breath
from processing.index import IndexSample
from processing.pipeline import Pipeline
from tests.drawing import few
from tests.processing.world import comparable


def belt(sfreq: float = 25.0, role: Role = Role.CLIENT) -> StreamInfo:
    return StreamInfo(
        name="belt", role=role, modality=Modality.RESP, sfreq=sfreq, unit="", channels=("belt",)
    )


BEATS = StreamInfo(name="rr", role=Role.CLIENT, modality=Modality.RR, sfreq=0.0, unit="ms", channels=("rr",))


def rates(
    times: FloatArray, values: FloatArray, sfreq: float = 25.0, cuts: Sequence[int] = (3000,)
) -> list[IndexSample]:
    """Feed a belt whose samples arrive at once, in pieces of so many ticks (repeated)."""
    estimator = Breath("client", config=RespirationConfig())
    ticks = np.arange(times[0], times[-1] + 3.0, 0.1)
    newest = times[np.searchsorted(times, ticks, side="right") - 1]
    marks = np.maximum(np.minimum(newest, ticks), ticks - 2.0)
    out, fed, start, k = list[IndexSample](), 0, 0, 0
    while start < len(ticks):
        stop = min(len(ticks), start + cuts[k % len(cuts)])
        upto = int(np.searchsorted(times, ticks[stop - 1], side="right"))
        estimator.update(Chunk(belt(sfreq), times[fed:upto], values[fed:upto, None]))
        out += estimator.advance(ticks[start:stop], {"breath": marks[start:stop]})
        fed, start, k = upto, stop, k + 1
    return out


def breaths(per_minute: float | FloatArray, times: FloatArray) -> FloatArray:
    """Return a displacement: in faster than out, as people breathe."""
    steps = np.diff(times, prepend=times[0])
    phase = np.cumsum(np.broadcast_to(np.asarray(per_minute) / 60.0, times.shape) * steps)
    return np.sin(2 * np.pi * phase + 0.5 * np.sin(2 * np.pi * phase))


def known(rows: Sequence[IndexSample]) -> FloatArray:
    return np.array([r.value for r in rows if math.isfinite(r.value)])


@pytest.mark.parametrize("sfreq", [10.0, 25.0, 250.0])
@pytest.mark.parametrize("per_minute", [6.0, 12.0, 15.0, 22.0, 40.0])
def test_the_rate_of_known_breaths_in_any_unit_and_either_way_up(sfreq: float, per_minute: float) -> None:
    times = np.arange(int(120 * sfreq)) / sfreq
    noise = 0.03 * np.random.default_rng(0).standard_normal(len(times))
    x = breaths(per_minute, times) + noise
    for values in (x, 512.0 - 3.0 * x, 1e-6 * x):
        rows = rates(times, values, sfreq)
        whole = [r for r in rows if 16 <= r.time <= 104]
        assert [r.value for r in whole] == pytest.approx([per_minute] * len(whole), abs=0.3)
        assert min(r.quality for r in whole) >= 0.35
        assert {r.unit for r in whole} == {"1/min"}
        assert all(r.available - r.time < 16.2 for r in rows)


def test_a_rate_that_changes_is_followed_while_the_belt_slips_and_wanders() -> None:
    times = np.arange(25 * 400) / 25.0
    true = 12.0 + 10.0 * times / 400.0
    x = breaths(true, times) + 0.004 * times + 0.8 * np.sin(2 * np.pi * 0.02 * times)
    x[times > 200] += 1.5
    rows = [r for r in rates(times, x) if 16 <= r.time <= 384]
    errors = [r.value - float(np.interp(r.time, times, true)) for r in rows if math.isfinite(r.value)]
    assert len(errors) > 0.9 * len(rows)
    assert max(map(abs, errors)) < 1.0


@few(10)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=20), st.integers(0, 9))
def test_the_result_does_not_depend_on_chunking(cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = 1e5 + np.arange(25 * 110) / 25.0 + 0.02 * rng.random(25 * 110)
    x = breaths(15.0, times) + 0.1 * rng.standard_normal(len(times))
    x[rng.integers(0, len(x), 30)] = np.nan
    times[1500:] += float(rng.choice([0.0, 0.6, 1.5, 9.0]))
    assert comparable(rates(times, x, cuts=cuts)) == comparable(rates(times, x))


def test_a_gap_is_named_and_not_bridged() -> None:
    times = np.arange(25 * 150) / 25.0
    keep = (times < 60) | (times > 80)
    rows = rates(times[keep], breaths(15.0, times)[keep])
    reasons = {r.time: r.reason for r in rows}
    assert [reasons[t] for t in (0.0, 10.0)] == ["less than 30 s of respiration"] * 2
    assert [reasons[t] for t in (50.0, 55.0, 60.0, 65.0, 70.0, 75.0, 90.0)] == [
        "no data", "no data", "no data", "no data", "gap", "gap", "gap",
    ]  # fmt: skip
    assert {reasons[t] for t in (20.0, 40.0, 100.0, 130.0)} == {""}
    holey = breaths(15.0, times)
    holey[~keep] = np.nan
    assert {r.time: r.reason for r in rates(times, holey)} == reasons


def test_all_nan_is_no_data_and_a_still_signal_is_flat() -> None:
    times = np.arange(25 * 60) / 25.0
    assert {r.reason for r in rates(times, np.full(len(times), np.nan))} == {"no data"}
    rows = rates(times, np.full(len(times), 0.1))
    assert {r.reason for r in rows if r.time > 15} == {"flat"}
    held = np.where((times > 30) & (times < 41), 0.3, breaths(15.0, times))
    assert "flat" in {r.reason for r in rates(times, held)}
    assert len(known(rates(times, held))) < len(known(rates(times, breaths(15.0, times))))


def test_noise_passes_for_breathing_in_few_windows() -> None:
    times = np.arange(25 * 3600) / 25.0
    noise = np.random.default_rng(3).standard_normal(len(times))
    for x in (noise, np.cumsum(noise)):
        rows = rates(times, x)
        assert len(known(rows)) < 0.05 * len(rows)
        assert all(r.reason for r in rows if math.isnan(r.value))


def test_a_stream_of_one_sample_a_second_is_refused() -> None:
    times = np.arange(100.0)
    rows = rates(times, breaths(15.0, times), sfreq=1.0)
    assert {r.reason for r in rows} == {"respiration at 1 Hz: 4 Hz or more are needed"}


def test_a_real_belt_gives_the_rate_of_its_breaths(data_dir: Path) -> None:
    with np.load(data_dir / "eda" / "finger_lab_100hz_150s.npz") as record:
        x = record["rsp"].astype(float)
    found = known(rates(np.arange(len(x)) / 100.0, x, 100.0))
    assert len(found) >= 12
    assert found.min() > 16.5
    assert found.max() < 20.0


def person(
    breathing: float,
    *,
    seconds: float = 200.0,
    heart: float = 0.3,
    lung: float = 0.3,
    end: float | None = None,
) -> list[Item]:
    """Return a person's intervals and belt, each sample delayed by up to so much [s]; the belt may end."""
    rng = np.random.default_rng(4)
    at, swing = [0.0], list[float]()
    while at[-1] < seconds:
        swing.append(0.85 + 0.05 * math.sin(2 * math.pi * 0.25 * at[-1]))
        at.append(at[-1] + swing[-1])
    times = np.arange(int(25 * (end or seconds))) / 25.0
    streams = [
        (BEATS, np.array(at[1:]), 1e3 * np.array(swing), heart),
        (belt(), times, breaths(breathing, times), lung),
    ]
    queued = [(i, t, x, np.maximum.accumulate(t + rng.uniform(0, d, len(t)))) for i, t, x, d in streams]
    fed, out = [0, 0], list[Item]()
    for number, tick in enumerate(np.arange(0.0, seconds + 3.0, 0.1).tolist()):
        for k, (info, t, x, arrive) in enumerate(queued):
            stop = int(np.searchsorted(arrive, tick, side="right"))
            if stop > fed[k]:
                out.append(Chunk(info, t[fed[k] : stop], x[fed[k] : stop, None]))
            fed[k] = stop
        out.append(Tick(number, tick, 1.7e9 + tick))
    return out


def processed(
    items: Sequence[Item],
    *,
    stream: bool = True,
    streams: Sequence[StreamInfo] = (BEATS, belt()),
    n: int = 3000,
) -> list[IndexSample]:
    config = PipelineConfig(respiration=RespirationConfig(stream=stream))
    pipeline = Pipeline(streams, session_id="test", config=config)
    return [s for batch in gather(items, n_ticks=n) for s in pipeline.push(batch)]


def of(rows: Sequence[IndexSample], *names: str) -> list[IndexSample]:
    return [r for r in rows if r.index in names]


def test_the_belt_decides_when_hf_and_rsa_have_a_value() -> None:
    slow, fast = processed(person(15.0)), processed(person(36.0))
    assert known(of(slow, "resp_rate")) == pytest.approx(15.0, abs=0.2)
    assert len(known(of(slow, "hf"))) > 10
    assert len(known(of(slow, "rsa_pb"))) > 20
    assert known(of(fast, "resp_rate")) == pytest.approx(36.0, abs=0.2)
    assert not len(known(of(fast, "hf", "rsa_pb")))
    assert "breathing at 36/min, outside 11-22" in {r.reason for r in of(fast, "hf")}
    from_beats = processed(person(36.0), stream=False)
    assert known(of(from_beats, "resp_rate")) == pytest.approx(15.0, abs=0.7)
    assert len(known(of(from_beats, "hf"))) > 10


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (10.4, "10/min, outside 11-22"),
        (10.6, "10.6/min, outside 10.8-22.2"),
        (22.24, "22.24/min, outside 10.80-22.20"),
    ],
)
def test_a_rate_just_outside_its_limits_does_not_read_as_one_inside(rate: float, said: str) -> None:
    assert beyond(rate, 60 * 0.18, 60 * 0.37) == f"breathing at {said}"


@given(st.floats(1.0, 60.0))
def test_a_rate_that_is_outside_by_a_hundredth_reads_so(rate: float) -> None:
    said = [float(x) for x in re.findall(r"[0-9.]+", beyond(rate, 10.8, 22.2))]
    if not 10.79 <= rate <= 22.21:
        assert not said[1] <= said[0] <= said[2]


def test_a_belt_that_falls_silent_is_not_replaced_unseen() -> None:
    rows = processed(person(15.0, seconds=320.0, end=120.0))
    late = [r for r in of(rows, "resp_rate") if r.time > 135]
    assert len(late) > 20
    assert {r.reason for r in late} == {"no data"}
    assert {r.reason for r in of(rows, "hf", "rsa_pb") if r.time > 230} == {"breathing rate unknown"}
    assert len(known([r for r in of(rows, "hr") if r.time > 135])) > 100
    never = [i for i in person(15.0) if not isinstance(i, Chunk) or i.info == BEATS]
    assert {r.reason for r in of(processed(never), "resp_rate")} == {"no data"}


@pytest.mark.parametrize(("heart", "lung"), [(1.8, 0.05), (0.05, 1.8), (1.8, 1.8)])
def test_the_order_of_arrival_never_changes_a_result(heart: float, lung: float) -> None:
    def values(rows: Sequence[IndexSample]) -> dict[tuple[str, float], tuple[object, ...]]:
        return {(r.index, r.time): (repr(r.value), repr(r.quality), r.reason) for r in rows}

    fast = values(processed(person(16.0, heart=0.05, lung=0.05)))
    slow = values(processed(person(16.0, heart=heart, lung=lung)))
    assert len(slow.keys() & fast.keys()) > 0.95 * len(fast)
    assert all(slow[key] == fast[key] for key in slow.keys() & fast.keys())


@few(3)
@given(st.integers(8, 400), st.floats(60.0, 150.0))
def test_results_of_heart_and_belt_do_not_depend_on_the_batches(n: int, end: float) -> None:
    items = person(15.0, lung=1.5, end=end)
    assert comparable(processed(items, n=n)) == comparable(processed(items))


def test_a_belt_alone_gives_the_breathing_rate_alone() -> None:
    items = [i for i in person(15.0, seconds=60.0) if not isinstance(i, Chunk) or i.info != BEATS]
    rows = processed(items, streams=[belt()])
    assert {(r.entity, r.index) for r in rows} == {("client", "resp_rate")}
    assert known(rows) == pytest.approx(15.0, abs=0.2)
    assert emitted([belt()]) == {"client": (("resp_rate", "1/min"),)}
    names = [name for name, _ in emitted([BEATS, belt()])["client"]]
    assert names.count("resp_rate") == 1
    assert "hf" in names


def test_a_hole_longer_than_hf_can_wait_for_is_refused() -> None:
    with pytest.raises(ValueError, match="at most 3 s"):
        replace(RespirationConfig(), hole=4.0)
