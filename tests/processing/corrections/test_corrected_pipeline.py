"""Corrections enter the pipeline as data at their time: any cut, nothing without them, and what each does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from acquisition.events.corrected import ByHand
from acquisition.stream import FloatArray, Modality, StreamInfo
from processing.corrections.edits import Edits, edits_of, no_edits
from processing.index import IndexSample
from tests.processing.sessions import START, SimulatedSession, run
from tests.processing.sessions import session as dyad

LENGTH = 460.0
"""What of the session is looked at [s]: both baselines, and what follows them."""
KEYS = tuple((role, signal) for role in ("client", "therapist") for signal in ("heart", "skin"))
CLIENT = ("client", "heart")
SKIN = ("client", "skin")


@cache
def session() -> SimulatedSession:
    """Return most of the session of the client alone, with ECG and EDA."""
    of = dyad().changed(lambda _, times, samples: (times[(now := times < START + LENGTH)], samples[now]))
    kept = [
        k
        for k, info in enumerate(of.infos)
        if info.role == "client" and info.modality in (Modality.ECG, Modality.EDA)
    ]
    return replace(of, infos=tuple(of.infos[k] for k in kept), data=tuple(of.data[k] for k in kept))


@cache
def strap() -> SimulatedSession:
    """Return the session of people who wear belts that tell of intervals alone."""
    of = session()
    infos, data = [], []
    for info, (times, samples) in zip(of.infos, of.data, strict=True):
        if info.modality is Modality.ECG:
            found = [r for r in usual() if r.entity == info.role and r.index == "ibi" and r.value == r.value]
            times = np.array([r.time for r in found])
            samples = np.array([[r.value] for r in found])
            info = replace(info, modality=Modality.RR, unit="ms", sfreq=0.0, channels=("RR",))
        infos.append(info)
        data.append((times, samples))
    return replace(of, infos=tuple(infos), data=tuple(data))


@cache
def usual() -> list[IndexSample]:
    return run(session())


@cache
def plain_and_corrected(what: str) -> tuple[list[IndexSample], list[IndexSample]]:
    """Return the rows of "ecg" or "belt" as they are, and with every edit."""
    worn = session() if what == "ecg" else strap()
    return usual() if what == "ecg" else run(worn), run(worn, corrected=every_edit())


def comparable(rows: Sequence[IndexSample]) -> list[tuple[object, ...]]:
    return [(*row[:4], repr(row.value), *row[5:]) for row in rows]


def of(rows: Sequence[IndexSample], index: str, entity: str = "client") -> dict[float, IndexSample]:
    return {row.time: row for row in rows if row.index == index and row.entity == entity}


def values(rows: Sequence[IndexSample], index: str) -> FloatArray:
    return np.array([row.value for row in of(rows, index).values() if row.value == row.value])


def beats(start: float = 0.0, stop: float = 1e9) -> list[float]:
    """Return the client's detected beats between two moments [s since the first tick]."""
    return [t for t in of(usual(), "ibi") if start <= t - START < stop]


def edited(**what: object) -> Edits:
    return edits_of(ByHand(**what))  # type: ignore[arg-type]


def every_edit() -> dict[tuple[str, str], Edits]:
    """Return edits of every kind for everybody."""
    found = beats(60.0, LENGTH)
    heart = edited(
        inserted=dict.fromkeys(
            [0.5 * (a + b) for a, b in zip(found[50:60:3], found[51:61:3], strict=True)], ""
        ),
        deleted=dict.fromkeys(found[100:120:4], ""),
        moved={t: t + 0.06 for t in found[150:190:5]},
        rejected=dict.fromkeys(found[200:220:2], ""),
        marked={(START + 300.0, START + 304.25): "", (START + 400.0, START + 400.1): ""},
        accepted={(START + 310.0, START + 330.0): ""},
    )
    peaks = list(of(usual(), "scr"))
    skin = edited(
        rejected=dict.fromkeys(peaks[:3], ""),
        marked={(START + 350.0, START + 361.3): ""},
        accepted={(START + 200.0, START + 240.0): ""},
    )
    return {key: heart if key[1] == "heart" else skin for key in KEYS}


def test_edits_that_change_nothing_leave_every_bit() -> None:
    assert comparable(run(session(), corrected=dict.fromkeys(KEYS, no_edits()))) == comparable(usual())


def test_nor_do_they_change_what_belts_tell() -> None:
    corrected = run(strap(), corrected=dict.fromkeys(KEYS, no_edits()))
    assert comparable(corrected) == comparable(plain_and_corrected("belt")[0])


@pytest.mark.parametrize("what", ["ecg", "belt"])
def test_any_cut_of_a_corrected_recording_gives_the_same_rows(what: str) -> None:
    worn = session() if what == "ecg" else strap()
    plain, whole = plain_and_corrected(what)
    assert comparable(run(worn, corrected=every_edit(), cuts=(1, 7, 300, 50))) == comparable(whole)
    assert comparable(whole) != comparable(plain)


@pytest.mark.parametrize("what", ["ecg", "belt"])
def test_beats_that_were_removed_and_put_back_restore_what_is_computed(what: str) -> None:
    worn = session() if what == "ecg" else strap()
    before, _ = plain_and_corrected(what)
    gone = beats(60.0, LENGTH - 15.0)[::13][:30]
    assert len(gone) == 30
    without = run(worn, corrected={CLIENT: edited(deleted=dict.fromkeys(gone, ""))})
    assert len(values(without, "ibi")) < len(values(before, "ibi")) - 25
    back = {CLIENT: edited(deleted=dict.fromkeys(gone, ""), inserted=dict.fromkeys(gone, ""))}
    restored(before, run(worn, corrected=back))


def test_beats_that_the_detector_never_saw_restore_what_is_computed() -> None:
    gone = np.array(beats(60.0, LENGTH - 15.0)[::13][:30])

    def flattened(info: StreamInfo, times: FloatArray, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
        if info.modality is not Modality.ECG or info.role != "client":
            return times, samples
        samples = samples.copy()
        for beat in gone:
            here = np.abs(times - beat) < 0.09
            samples[here] = np.linspace(samples[here][0], samples[here][-1], int(here.sum()))
        return times, samples

    flat = session().changed(flattened)
    missed = run(flat)
    assert not set(np.round(gone, 1)) & set(np.round(list(of(missed, "ibi")), 1))
    restored(usual(), run(flat, corrected={CLIENT: edited(inserted=dict.fromkeys(gone.tolist(), ""))}))


def restored(before: list[IndexSample], after: list[IndexSample]) -> None:
    """Assert that RMSSD is back within 0.5 %, and the arousal index within 0.02 SD, at every moment."""
    for index, within in (("rmssd", 0.005), ("hr", 0.005)):
        one, other = of(before, index), of(after, index)
        both = [t for t in one if one[t].value == one[t].value and t in other]
        assert len(both) > 0.9 * len(values(before, index))
        np.testing.assert_allclose([other[t].value for t in both], [one[t].value for t in both], rtol=within)
    one, other = of(before, "arousal"), of(after, "arousal")
    assert set(one) == set(other)
    pairs = np.array([(one[t].value, other[t].value) for t in one])
    np.testing.assert_array_equal(np.isnan(pairs[:, 0]), np.isnan(pairs[:, 1]))
    np.testing.assert_allclose(pairs[:, 1], pairs[:, 0], atol=0.02)


def test_a_rejected_beat_voids_the_interval_on_either_side() -> None:
    found = beats(100.0, 200.0)
    rows = run(session(), corrected={CLIENT: edited(rejected={found[10]: ""})})
    ibis, classes = of(rows, "ibi"), of(rows, "ibi_class")
    assert ibis[found[10]].reason == "rejected by hand"
    assert math.isnan(ibis[found[11]].value) and ibis[found[12]].value == ibis[found[12]].value
    assert classes[found[10]].value == 1.0


def test_a_deleted_beat_joins_its_neighbours() -> None:
    found = beats(100.0, 200.0)
    rows = run(session(), corrected={CLIENT: edited(deleted={found[10]: ""})})
    ibis = of(rows, "ibi")
    assert found[10] not in ibis
    assert ibis[found[9]].value == of(usual(), "ibi")[found[9]].value


def test_a_moved_beat_lies_where_it_was_put() -> None:
    found = beats(100.0, 200.0)
    rows = run(session(), corrected={CLIENT: edited(moved={found[10]: found[10] + 0.03})})
    ibis = of(rows, "ibi")
    assert ibis[found[10] + 0.03].value == pytest.approx(1e3 * (found[10] + 0.03 - found[9]))
    assert ibis[found[11]].value == pytest.approx(1e3 * (found[11] - found[10] - 0.03))


def test_a_marked_stretch_is_no_signal() -> None:
    start, stop = START + 300.0, START + 310.0
    marks = {(start, stop): "movement"}
    rows = run(session(), corrected={CLIENT: edited(marked=marks), SKIN: edited(marked=marks)})
    inside = [r for t, r in of(rows, "ibi").items() if start <= t < stop]
    assert inside and all(math.isnan(r.value) and r.reason == "marked as artefact by hand" for r in inside)
    for index in ("ecg_quality", "eda_quality"):
        seconds = [r for t, r in of(rows, index).items() if start + 0.5 <= t <= stop - 1.0]
        assert {(r.value, r.reason) for r in seconds} == {(0.0, "marked as artefact by hand")}
    assert not [t for t in of(rows, "scr") if start <= t < stop]
    late = [r for t, r in of(rows, "eda_quality").items() if stop + 1.0 <= t < stop + 5.0]
    assert {r.value for r in late} == {1.0}


def test_no_interval_crosses_a_marked_stretch_however_short() -> None:
    beats = list(of(usual(), "ibi"))
    before, after = beats[20], beats[21]
    short = (before + 0.4 * (after - before), before + 0.6 * (after - before))
    long = (before + 60.0, before + 70.0)
    ibis = of(run(session(), corrected={CLIENT: edited(marked=dict.fromkeys((short, long), ""))}), "ibi")
    for _, stop in (short, long):
        first, second = [row for t, row in ibis.items() if t >= stop][:2]
        assert (math.isnan(first.value), first.reason) == (True, "marked as artefact by hand")
        assert second.reason == "" and math.isfinite(second.value)
    assert ibis[before].value == of(usual(), "ibi")[before].value


def test_a_rejected_response_is_none() -> None:
    peaks = list(of(usual(), "scr"))
    rows = run(session(), corrected={SKIN: edited(rejected={peaks[4]: "movement"})})
    assert list(of(rows, "scr")) == [*peaks[:4], *peaks[5:]]
    assert list(of(rows, "scr_onset")) == [*peaks[:4], *peaks[5:]]


def test_an_accepted_stretch_counts_whatever_the_gates_say() -> None:
    def noisy(info: StreamInfo, times: FloatArray, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
        samples = samples.copy()
        here = (times >= START + 300.0) & (times < START + 310.0)
        if info.modality is Modality.EDA:
            samples[here] = 0.01
        if info.modality is Modality.ECG:
            noise = np.random.default_rng(3).normal(0.0, 0.35, samples.shape)
            samples[here] += noise[here]
        return times, samples

    bad = session().changed(noisy)
    plain = run(bad)
    span = {(START + 299.0, START + 311.0): "signal is good"}
    rows = run(bad, corrected={CLIENT: edited(accepted=span), SKIN: edited(accepted=span)})
    for index in ("ecg_quality", "eda_quality"):
        before, after = of(plain, index), of(rows, index)
        inside = [t for t in before if START + 301.0 <= t <= START + 309.0]
        assert min(before[t].value for t in inside) < 1.0
        assert {after[t].value for t in inside} == {1.0}
        outside = [t for t in before if t < START + 290.0]
        assert {after[t] for t in outside} == {before[t] for t in outside}
    here = [r for t, r in of(rows, "ibi_class").items() if START + 301.0 <= t <= START + 309.0]
    assert {r.value for r in here} == {0.0}
