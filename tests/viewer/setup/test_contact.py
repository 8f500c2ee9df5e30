"""A chip names what is wrong with a sensor, within five seconds of the moment it went wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from acquisition.batch import Batch, Item, gather
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.tick import Tick
from processing.pipeline import Pipeline
from tests.processing.heart.test_heart import ecg
from viewer.model.facts import SessionFacts
from viewer.model.model import SessionModel
from viewer.status.device_state import device_states

SFREQ, OFF, ON, END = 130.0, 16.0, 28.0, 40.0
INFO = StreamInfo(
    name="ECG",
    role=Role.CLIENT,
    modality=Modality.ECG,
    sfreq=SFREQ,
    unit="mV",
    channels=("ECG",),
    device="strap",
)
RNG = np.random.default_rng(0)
BEATS = np.cumsum(0.8 + 0.03 * RNG.standard_normal(90))
NOISE = RNG.standard_normal(int(END * SFREQ))


def live(spoil: Callable[[FloatArray], FloatArray]) -> Iterator[tuple[float, str, str]]:
    """Yield time, word of the chip and reason of the newest quality row, tick by tick, as live."""
    x = ecg(BEATS, SFREQ, END, noise=0.01)
    times = np.arange(len(x)) / SFREQ
    x = np.where((times >= OFF) & (times < ON), spoil(x), x)
    model = SessionModel(facts=SessionFacts(id="S", client="C", therapist="T"), streams=[INFO])
    model.state = "growing"
    pipeline = Pipeline([INFO], session_id="S")
    reason = ""
    for batch in _ticks(times, x):
        rows = pipeline.push(batch)
        model.add_batch(batch)
        model.add_samples(rows)
        reason = next((r.reason for r in reversed(rows) if r.index == "ecg_quality"), reason)
        now = float(batch.ticks[-1])
        yield now, device_states(model, Role.CLIENT, now)[0].word, reason


def _ticks(times: FloatArray, x: FloatArray) -> Iterator[Batch]:
    """Return a batch each 0.2 s; samples come 0.15 s after their stamps."""
    items, fed = list[Item](), 0
    for number in range(int(END / 0.1)):
        tick = 0.1 * number
        upto = int(np.searchsorted(times, tick - 0.15, side="right"))
        if upto > fed:
            items.append(Chunk(INFO, times[fed:upto], x[fed:upto, None]))
        items.append(Tick(number, tick, 1.7e9 + tick))
        fed = upto
    return gather(items, n_ticks=2)


@pytest.mark.parametrize(
    ("spoil", "word", "reason"),
    [
        (lambda x: 0.3 * NOISE, "electrode off", "electrode off"),
        (lambda x: 0.02 * NOISE, "electrode off", "electrode off"),
        (lambda x: 0.0 * x, "flat", "flat"),
        (lambda x: x + np.nan, "no values", "no data"),
        (lambda x: x + np.sin(2 * np.pi * 50.0 * np.arange(len(x)) / SFREQ), "line noise", "line noise"),
        (lambda x: np.clip(5.0 * x, -2.0, 2.0), "saturated", "saturated"),
    ],
)
def test_a_fault_shows_on_the_chip_and_in_the_rows_within_five_seconds(
    spoil: Callable[[FloatArray], FloatArray], word: str, reason: str
) -> None:
    shown = list(live(spoil))
    before = {w for now, w, _ in shown if 10 < now < OFF}
    assert before == {"ok"}
    assert next(now for now, w, _ in shown if now > OFF and w == word) < OFF + 5.0
    assert next(now for now, _, r in shown if now > OFF and r == reason) < OFF + 5.0
    assert {w for now, w, _ in shown if OFF + 8 < now < ON} == {word}
    assert next(now for now, w, _ in shown if now > ON and w == "ok") < ON + 8.0


def test_no_beat_of_a_lifted_electrode_is_accepted_and_the_heart_rate_ends_within_five_seconds() -> None:
    x = ecg(BEATS, SFREQ, END, noise=0.01)
    times = np.arange(len(x)) / SFREQ
    x = np.where((times >= OFF) & (times < ON), 0.3 * NOISE, x)
    pipeline = Pipeline([INFO], session_id="S")
    rows = [r for batch in _ticks(times, x) for r in pipeline.push(batch)]
    beats = [r.time for r in rows if r.index == "ibi" and r.value == r.value]
    assert not [t for t in beats if OFF + 0.5 < t < ON]
    ends = [r for r in rows if r.index == "hr" and r.value == r.value]
    assert not [r for r in ends if OFF + 5 < r.available < ON]
    assert [r for r in ends if r.available > ON]
