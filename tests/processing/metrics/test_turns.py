"""Turn-taking with known answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from processing.hour.measure import Measure
from processing.index import IndexSample
from processing.metrics.turns import PEOPLE, turn_measures, turns_of


def samples(turns: Sequence[tuple[str, float, float, float, float]]) -> list[IndexSample]:
    """Return index samples of turns (who, start, stop, F0, intensity)."""
    return [
        IndexSample(start, stop + 2.0, who, index, value, unit, 1.0, "")
        for who, start, stop, f0, level in turns
        for index, value, unit in (
            ("turn", stop - start, "s"),
            ("turn_f0", f0, "Hz"),
            ("turn_intensity", level, "dB"),
        )
    ]


def measured(
    turns: Sequence[tuple[str, float, float, float, float]], end: float = 100.0
) -> dict[tuple[str, str], Measure]:
    found = turn_measures(samples(turns), begin=0.0, end=end, session_id="S")
    return {(entity, m.metric): m for entity, measures in found.items() for m in measures}


GOLDEN = [
    ("client", 0.0, 20.0, 200.0, -20.0),
    ("therapist", 5.0, 5.5, 100.0, -20.0),  # listening: takes no floor
    ("therapist", 21.0, 31.0, 100.0, -21.0),
    ("client", 29.0, 49.0, 200.0, -22.0),  # begins 2 s before the therapist ends
    ("therapist", 60.0, 70.0, 100.0, -20.0),  # after a lapse of 11 s
]


def test_shares_latencies_and_interruptions_of_a_known_hour() -> None:
    found = measured(GOLDEN)
    expected = {
        ("client", "talk_share"): 40.0,
        ("therapist", "talk_share"): 20.5,
        ("client", "turn_length"): 20.0,
        ("therapist", "turn_length"): 10.0,
        ("client", "response_latency"): -2.0,
        ("therapist", "response_latency"): 1.0,
        ("client", "interruption_rate"): 1 / (20.5 / 60),
        ("therapist", "interruption_rate"): 0.0,
        ("dyad", "overlap_share"): 2.5,
        ("dyad", "silence_share"): 100.0 - 58.0,
    }
    for key, value in expected.items():
        assert found[key].value == pytest.approx(value), key
    assert found["therapist", "response_latency"].n == 1


def test_exchanging_the_people_exchanges_their_metrics() -> None:
    other = dict(zip(PEOPLE, PEOPLE[::-1], strict=True))
    plain, swapped = measured(GOLDEN), measured([(other[who], *rest) for who, *rest in GOLDEN])  # type: ignore[misc]
    for (entity, metric), m in plain.items():
        twin = swapped[other.get(entity, entity), metric]
        assert repr(m.value) == repr(twin.value), (entity, metric)


def test_exchanging_the_people_does_not_change_their_coupling() -> None:
    other = dict(zip(PEOPLE, PEOPLE[::-1], strict=True))
    turns = coupled(30, 0.3)
    one, two = measured(turns, 600.0), measured([(other[who], *rest) for who, *rest in turns], 600.0)  # type: ignore[misc]
    for metric in ("vocal_coupling", "vocal_coupling_percentile", "intensity_similarity"):
        assert one["dyad", metric].value == pytest.approx(two["dyad", metric].value, abs=1e-9)


def coupled(n: int, share: float, seed: int = 3) -> list[tuple[str, float, float, float, float]]:
    rng = np.random.default_rng(seed)
    out = []
    for k in range(n):
        common = rng.normal()
        for j, who in enumerate(PEOPLE):
            own = share * common + (1 - share) * rng.normal()
            start = 20.0 * k + 10.0 * j
            out.append((who, start, start + 8.0, (200 - 90 * j) * 2 ** (own / 12), -20.0 + own))
    return out


def test_coupled_pitch_is_found_and_independent_pitch_is_not() -> None:
    strong = measured(coupled(40, 0.9), end=800.0)
    assert strong["dyad", "vocal_coupling"].value > 0.4
    assert strong["dyad", "vocal_coupling_percentile"].value > 99.0
    ranks = [
        measured(coupled(30, 0.0, seed), end=600.0)["dyad", "vocal_coupling_percentile"].value
        for seed in range(10)
    ]
    assert 10.0 < np.mean(ranks) < 90.0
    for name in ("vocal_coupling", "intensity_similarity"):
        found = strong["dyad", name]
        assert found.ci_low < found.value < found.ci_high
    independent = measured(coupled(40, 0.0), end=800.0)["dyad", "intensity_similarity"].value
    assert strong["dyad", "intensity_similarity"].value > independent


def test_too_few_turns_and_a_silent_person_have_reasons() -> None:
    assert "20 are needed" in measured(GOLDEN)["dyad", "vocal_coupling"].reason
    alone = measured([turn for turn in GOLDEN if turn[0] == "client"])
    assert {m.reason for m in alone.values()} == {"no turns of the therapist"}
    assert all(np.isnan(m.value) for m in alone.values())
    assert turns_of([]) == []


def test_unknown_pitch_is_left_out_of_the_coupling() -> None:
    turns = [(*t[:3], np.nan, t[4]) for t in coupled(30, 0.5)]
    assert measured(turns, end=600.0)["dyad", "vocal_coupling"].n == 0


def test_turns_of_half_an_hour_have_intervals_that_hold_their_values() -> None:
    found = measured(coupled(90, 0.3), end=1800.0)
    for key, m in found.items():
        if m.metric in {"intensity_similarity", "vocal_coupling", "vocal_coupling_percentile"}:
            continue
        assert m.ci_low <= m.value + 1e-9, key
        assert m.value <= m.ci_high + 1e-9, key
    assert found["client", "interruption_rate"].ci_high == pytest.approx(3.688879 / (90 * 8 / 60))


def test_a_short_hour_has_shares_of_talk_without_an_interval() -> None:
    found = measured(GOLDEN)
    assert np.isnan(found["client", "talk_share"].ci_low)
    assert np.isnan(found["client", "turn_length"].ci_low)
