"""Coupling and its lag stay where one person's device has a clock of its own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from acquisition.batch import Item
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from processing.pipeline import Pipeline

SECONDS, BEHIND = 1500.0, 2.0
"""The client's heart rate follows so much later [s]."""


def beats(course: FloatArray, usual: float, seed: int) -> FloatArray:
    """Return R times of a heart whose rate follows a course on a grid of 4 Hz."""
    noise = 0.01 * np.random.default_rng(seed).standard_normal(int(3 * SECONDS))
    out = [1.0]
    while out[-1] < SECONDS:
        out.append(out[-1] + 60.0 / (usual + course[int(4 * out[-1])]) + noise[len(out)])
    return np.array(out)


def strap(role: Role) -> StreamInfo:
    return StreamInfo(name="rr", role=role, modality=Modality.RR, sfreq=0.0, unit="ms", channels=("rr",))


def slices(ppm: float, off: float) -> list[Item]:
    """Return what a recorder takes in of two straps, of which the client's clock runs and is set wrongly."""
    rng = np.random.default_rng(3)
    course = lfilter([1.0], [1.0, -1.85, 0.87], rng.standard_normal(int(4 * SECONDS) + 80))
    course *= 4.0 / course.std()
    hearts = {
        strap(Role.THERAPIST): beats(course, 70.0, 1),
        strap(Role.CLIENT): beats(0.9 * np.roll(course, round(4 * BEHIND)), 74.0, 2),
    }
    out = list[Item]()
    due = list[tuple[float, Chunk]]()
    for info, at in hearts.items():
        fast, late = (1.0 + 1e-6 * ppm, off) if info.role is Role.CLIENT else (1.0, 0.0)
        steps, stamps = 1000.0 * np.diff(at) * fast, at[1:] * fast + late
        came = at[1:] + 0.1 + 0.05 * rng.random(len(steps))
        due += [
            (when, Chunk(info, stamps[k : k + 1], steps[k : k + 1, None]))
            for k, when in enumerate(came.tolist())
        ]
    due.sort(key=lambda item: item[0])
    for number in range(round(SECONDS * 10)):
        while due and due[0][0] <= 0.1 * number:
            out.append(due.pop(0)[1])
        out.append(Tick(number, 0.1 * number, 0.1 * number))
    return out


@pytest.mark.parametrize(("ppm", "off"), [(0.0, 0.0), (200.0, 0.0), (-200.0, 0.0), (0.0, 2.0), (0.0, -3.0)])
def test_the_lag_is_that_of_the_people_and_not_of_their_clocks(ppm: float, off: float) -> None:
    pipeline = Pipeline([strap(Role.THERAPIST), strap(Role.CLIENT)], session_id="clocks")
    rows = pipeline.run(slices(ppm, off))
    lags = [(r.time, r.value) for r in rows if r.index == "sync_hr_lag" and r.value == r.value]
    level = [r.value for r in rows if r.index == "sync_hr" and r.value == r.value]
    times, found = np.array(lags).T
    assert len(found) > 0.95 * (SECONDS - 60.0)
    assert np.mean(level) > 1.5
    for begin in np.arange(0.0, SECONDS, 300.0):
        here = found[(times >= begin) & (times < begin + 300.0)]
        assert abs(np.median(here) - BEHIND) <= 0.25
