"""Every part of the pipeline against its contract: any cut, silence, a gap, all nan, other parameters, swap.

What a part must give, the records of its indices say.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from acquisition.stream import FloatArray, Modality, StreamInfo
from processing.catalogue import emitted
from processing.config import PipelineConfig
from processing.coupling.config import SynchronyConfig
from processing.heart.config import HeartConfig
from processing.index import IndexSample
from processing.indices import COUPLINGS, INDICES, ONE_HEART, ONE_SKIN, PERSON, SIGNALS, Index, part_of
from processing.parts import PARTS
from processing.skin.config import SkinConfig
from processing.skin.scl import SclConfig
from processing.voice.baseline import VoiceConfig
from tests.processing.sessions import START, SimulatedSession, run, session, with_ratings, with_voice_quality

OTHER = PipelineConfig(
    heart=HeartConfig(hr_window=20.0, rmssd_window=90.0, sdnn_window=150.0, hf_window=96.0, rsa_window=45.0),
    skin=SkinConfig(scl=SclConfig(window=16.0, lookahead=7.0), rate_window=90.0),
    voice=VoiceConfig(window=15, range_window=40),
    synchrony=SynchronyConfig(window=20.0, first_look=300.0),
)
"""No window is as it usually is; that of the voice is odd."""
STATEMENTS = ("_p", "_stated", "_lead")
"""The ends of the rows of looks."""
GAP = (START + 296.0, START + 336.0)
LATE = {"heart": 0.2, "breath": 0.2, "skin": 0.2, "arousal": 0.2, "voice": 1.2}
"""How far a watermark lies behind the tick, at most: rows of a voice come once a second [s]."""
OF_BOTH = [*(f"sync_{signal}" for signal in SIGNALS), ONE_HEART, ONE_SKIN]
NAMES = [part.name for part in PARTS] + OF_BOTH


def records_of(name: str) -> tuple[Index, ...]:
    """Return the indices that a part gives."""
    if name in (ONE_HEART, ONE_SKIN):
        return (INDICES[name],)
    coupled = COUPLINGS.get(name.removeprefix("sync_"))
    return coupled or tuple(index for index in PERSON if name in index.of)


def worn(name: str) -> SimulatedSession:
    """Return a session; the heart gives breathing rates only of those who wear no belt."""
    full = with_ratings(with_voice_quality(session()))
    return (
        full.without(Modality.RESP, Modality.EDA, Modality.VOICE, Modality.RATING)
        if name == "heart"
        else full
    )


def silent(_: StreamInfo, times: FloatArray, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    return times[:0], samples[:0]


def without_values(_: StreamInfo, times: FloatArray, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    return times, np.full_like(samples, np.nan)


def with_gap(_: StreamInfo, times: FloatArray, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    there = (times < GAP[0]) | (times >= GAP[1])
    return times[there], samples[there]


CHANGES: dict[str, Callable[[StreamInfo, FloatArray, FloatArray], tuple[FloatArray, FloatArray]]] = {
    "silent": silent,
    "nan": without_values,
    "gap": with_gap,
}


@cache
def outcome(
    belt: bool, what: str = "", other: bool = False, cuts: tuple[int, ...] = (3000,)
) -> list[IndexSample]:
    """Return all rows of a session; each of these is computed once for all parts."""
    of = worn("breath" if belt else "heart")
    of = of.swapped() if what == "swapped" else of.changed(CHANGES[what]) if what else of
    return run(of, config=OTHER if other else PipelineConfig(), cuts=cuts)


def rows_of(
    name: str, what: str = "", *, other: bool = False, cuts: tuple[int, ...] = (3000,)
) -> list[IndexSample]:
    mine = {index.name for index in records_of(name)}
    return [row for row in outcome(name != "heart", what, other, cuts) if row.index in mine]


def by_index(rows: Sequence[IndexSample]) -> dict[tuple[str, str], list[IndexSample]]:
    out: dict[tuple[str, str], list[IndexSample]] = {}
    for row in rows:
        out.setdefault((row.entity, row.index), []).append(row)
    return out


def comparable(rows: Sequence[IndexSample]) -> list[tuple[object, ...]]:
    return [(*row[:4], repr(row.value), *row[5:]) for row in rows]


def people_of(name: str) -> tuple[str, ...]:
    return ("dyad",) if name in OF_BOTH else ("client", "therapist")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", [False, True], ids=["as usual", "other parameters"])
def test_any_cut_of_the_input_gives_the_same_rows(name: str, other: bool) -> None:
    whole = rows_of(name, other=other)
    assert whole or name.startswith("sync_")
    assert comparable(rows_of(name, other=other, cuts=(1, 7, 300, 50))) == comparable(whole)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", [False, True], ids=["as usual", "other parameters"])
def test_rows_bear_the_unit_of_their_record_and_values_come_when_it_says(name: str, other: bool) -> None:
    config = OTHER if other else PipelineConfig()
    late = LATE.get(name, LATE["voice"])
    rows = rows_of(name, other=other)
    assert {row.index for row in rows if math.isfinite(row.value)} >= usual_values(name)
    for row in rows:
        index = INDICES[row.index]
        assert row.unit == index.unit
        if math.isfinite(row.value):
            assert row.available - row.time <= index.settled(config) + late, row


def usual_values(name: str) -> set[str]:
    """Return the indices of a part that have values where all goes well; nobody speaks for long here."""
    rare = {"sync_f0", "sync_intensity"} | {f"sync_{s}{end}" for s in SIGNALS for end in STATEMENTS}
    rare |= {f"sync_{s}_{end}" for s in ("f0", "intensity") for end in ("lag", "chance_low", "chance_high")}
    rare |= {f"sync_lnrmssd_chance_{end}" for end in ("low", "high")}
    return {index.name for index in records_of(name) if index.timing.each != "turn"} - rare


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", [False, True], ids=["as usual", "other parameters"])
def test_rows_follow_each_other_as_closely_as_the_record_says(name: str, other: bool) -> None:
    config = OTHER if other else PipelineConfig()
    for (_, index), rows in by_index(rows_of(name, other=other)).items():
        timing = INDICES[index].timing
        if timing.each in ("response", "turn", "baseline", "look"):
            continue
        times = np.array([row.time for row in rows if math.isfinite(row.value) or timing.each != "beat"])
        steps = np.diff(times)
        if timing.each == "beat":  # a beat that is rejected leaves a longer step
            assert np.mean(steps <= timing.step(config) + 1e-9) > 0.99, index
        else:
            np.testing.assert_allclose(steps, timing.step(config), atol=1e-9, err_msg=index)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("other", [False, True], ids=["as usual", "other parameters"])
def test_a_silent_stream_gives_each_declared_index_rows_that_say_so(name: str, other: bool) -> None:
    found = by_index(rows_of(name, "silent", other=other))
    for entity in people_of(name):
        for index in records_of(name):
            rows = found.get((entity, index.name), [])
            if index.silent == "none":
                assert not rows, index.name
            elif index.silent == "value":
                assert rows and all(row.value == 0.0 for row in rows), index.name
            else:
                assert rows, f"{index.name} has no row on a silent stream"
                assert all(math.isnan(row.value) and row.reason and row.quality == 0.0 for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_value_has_a_reason_and_no_quality(name: str) -> None:
    for what in ("", "nan", "gap", "silent"):
        for row in rows_of(name, what):
            if not math.isfinite(row.value):
                assert row.reason, (what, row)


@pytest.mark.parametrize("name", NAMES)
def test_samples_that_are_all_nan_give_no_value(name: str) -> None:
    rows = rows_of(name, "nan")
    values = [row for row in rows if math.isfinite(row.value) and INDICES[row.index].silent != "value"]
    assert all(row.value == row.quality == 0.0 and row.reason for row in values), values[:3]


@pytest.mark.parametrize("name", NAMES)
def test_no_value_lies_in_a_gap_and_they_come_back_after_it(name: str) -> None:
    config = PipelineConfig()
    for (_, index), rows in by_index(rows_of(name, "gap")).items():
        record = INDICES[index]
        half = record.timing.window(config) / 2.0
        if record.silent == "value" or record.timing.each == "look" or "_chance_" in index:
            continue
        # Windows that are covered by 80 % reach into the gap, and arousal smooths what is made of them.
        first = GAP[0] + (25.0 if name == "arousal" else 0.0)
        inside = [r for r in rows if r.time - half >= first and r.time + half <= GAP[1] - 1.0]
        assert not [r for r in inside if math.isfinite(r.value) and r.value], inside[:2]
        before = sum(math.isfinite(r.value) for r in rows if r.time < GAP[0])
        after = sum(math.isfinite(r.value) for r in rows if r.time > GAP[1])
        assert after or not before or record.silent == "none", index


@pytest.mark.parametrize("name", NAMES)
def test_the_two_people_exchanged_exchanges_their_rows(name: str) -> None:
    other = {"client": "therapist", "therapist": "client", "dyad": "dyad"}
    as_is, exchanged = rows_of(name), rows_of(name, "swapped")
    turned = sorted(comparable([_turned(r)._replace(entity=other[r.entity]) for r in exchanged]))
    assert sorted(comparable([r for r in as_is if _is_compared(r)])) == [
        r for r in turned if r[3] in _COMPARED
    ]


def _turned(row: IndexSample) -> IndexSample:
    """Return a row as the other person would have it: who followed leads."""
    signed = row.index.endswith(("_lag", "_lead"))
    return row._replace(value=0.0 - row.value if signed else row.value)


_COMPARED = {name for name in INDICES if not name.endswith("_p")}


def _is_compared(row: IndexSample) -> bool:
    return row.index in _COMPARED


def test_every_index_is_given_by_a_part_and_every_signal_by_one_of_both_people() -> None:
    known = {part.name for part in PARTS}
    assert all(set(index.of) <= known for index in PERSON)
    assert {part_of(signal) for signal in SIGNALS} <= known
    assert len({index.name for index in INDICES.values()}) == len(INDICES)


def test_a_stream_of_intervals_has_no_quality_of_an_ecg() -> None:
    straps = tuple(
        replace(i, modality=Modality.RR, unit="ms", sfreq=0.0)
        for i in session().infos
        if i.modality == Modality.ECG
    )
    empty = SimulatedSession(
        infos=straps, data=tuple((np.empty(0), np.empty((0, 1))) for _ in straps), events=()
    )
    given = {(row.entity, row.index) for row in run(empty)}
    named = {(who, name) for who, names in emitted(straps).items() for name, _ in names}
    assert ("client", "ibi") in named
    assert named == given
