"""Level: where the EDA of a rest can no longer be compared with that of now."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.arousal.band import ArousalConfig
from processing.arousal.level import OLD, Level, old_of
from processing.hour.believed import old, old_since
from processing.index import IndexSample
from tests.processing.skin_signals import column, eda_with, feed

REST = math.log(5.0)


def said(levels: FloatArray) -> list[str]:
    """Return what is said after each second, the level given in µS."""
    level, out = Level(ArousalConfig()), []
    level.begin(REST)
    for second, value in enumerate(np.log(levels).tolist()):
        level.take(value, look=second % 10 == 0)
        out.append(level.word)
    return out


@pytest.mark.parametrize(
    ("after", "gap", "jumped"),
    [
        (8.0, 5, True),
        (3.2, 5, True),
        (7.0, 5, False),
        (8.0, 2, False),
        (8.0, 3, True),
        (8.0, 400, True),
        (5.8, 60, False),
    ],
)
def test_a_level_that_stands_elsewhere_after_an_interruption_makes_the_rest_old(
    after: float, gap: int, jumped: bool
) -> None:
    """An electrode that was pressed on again took the index over a SD up, for the rest of the hour."""
    levels = np.concatenate([np.full(200, 5.0), np.full(gap, np.nan), np.full(200, after)])
    words = said(levels)
    assert words[-1] == ("its EDA level jumped at an interruption" if jumped else "")
    assert not any(words[: 200 + gap + 19])


@pytest.mark.parametrize(
    ("times", "moves", "jumped"), [(1.3, 4.0, True), (0.75, 4.0, True), (1.3, 2.0, False)]
)
def test_a_jump_that_takes_the_index_over_a_sd_makes_the_rest_old(
    times: float, moves: float, jumped: bool
) -> None:
    """At the least scale 1.3 times the level is 1.05 SD: they were there at quality 1 without a word."""
    level, words = Level(ArousalConfig()), []
    level.begin(REST, moves)
    values = np.concatenate([np.full(200, REST), np.full(5, np.nan), np.full(60, REST + math.log(times))])
    for second, value in enumerate(values.tolist()):
        level.take(value, look=second % 10 == 0)
        words.append(level.word)
    assert words[-1] == ("its EDA level jumped at an interruption" if jumped else "")
    assert not any(words[:224])


def test_jumps_add_up_and_one_back_takes_it_away() -> None:
    gap = np.full(10, np.nan)
    parts = [np.full(100, 5.0), gap, np.full(100, 6.5), gap, np.full(100, 8.5), gap, np.full(100, 5.2)]
    words = said(np.concatenate(parts))
    assert [words[99], words[209], words[319], words[429]] == [
        "",
        "",
        "its EDA level jumped at an interruption",
        "",
    ]


def test_what_moves_without_an_interruption_is_the_persons() -> None:
    assert not any(said(np.concatenate([np.full(100, 5.0), np.full(200, 9.0)])))


@pytest.mark.parametrize("to", [0.6, 1.6, 2.5])
def test_an_electrode_that_sits_anew_in_a_moment_makes_the_rest_old(to: float) -> None:
    """No slope is above 10 µS/s, and nothing was missing: the index was 2 to 4 SD off at quality 1."""
    t, eda = eda_with(150.0, 4.0, (20.0, 80.0, 110.0), (0.1, 0.1, 0.1))
    _, levels = column(feed(t, 0.2 * eda * np.where(t < 70.2, 1.0, to), 4.0), "scl")
    words = said(levels)
    assert words[-1] == "its EDA level jumped at an interruption" and not any(words[:60])


def test_a_new_rest_begins_anew() -> None:
    level = Level(ArousalConfig())
    level.begin(REST)
    for value in [REST] * 30 + [math.nan] * 5 + [REST + 1.0] * 30:
        level.take(value, look=False)
    assert level.word
    level.begin(REST + 1.0)
    assert not level.word


def test_metrics_of_the_band_say_for_how_much_of_it_the_baseline_was_old() -> None:
    reasons = [f"{OLD}taken in another posture; rest band only"] * 30 + ["rest band only"] * 70
    rows = [
        IndexSample(float(k), k + 5.0, "client", "arousal_low", -2.0, "SD", 1.0, why)
        for k, why in enumerate(reasons)
    ]
    assert old_of(reasons[0]) == "taken in another posture" and old_of("rest band only") == ""
    assert old(rows) == "old baseline for 30 % of it: taken in another posture"
    assert old(rows[25:]) == old([]) == ""
    assert old_since(rows) == ((0.0, "taken in another posture"), (30.0, "")) and old_since(rows[30:]) == ()


@pytest.mark.parametrize("movement", [40.0, 0.4])
def test_a_moment_of_movement_before_an_interruption_is_not_the_level(movement: float) -> None:
    """Medians of 20 s are compared: five of them may be anything."""
    before = np.concatenate([np.full(195, 5.0), np.full(5, movement)])
    assert said(np.concatenate([before, np.full(10, np.nan), np.full(100, 5.0)]))[-1] == ""


SUNK = "its EDA level fell: skin, or an electrode that dries"


def sunk(share: float, shrink: float, n: int = 20, moves: float = 4.0) -> str:
    """Return what is said of a level of which so much is left, and of each of n responses in ten minutes."""
    level = Level(ArousalConfig())
    sizes = np.exp(np.linspace(-2.0, 0.0, n))
    for part, left, of_each in ((0, 0.0, 1.0), (1, math.log(share), shrink)):
        if part:
            level.begin(REST, moves)
        for second in range(600):
            level.take(REST + left, look=second % 10 == 9)
            if n and second % (600 // n) == 0:
                level.respond(float(sizes[second * n // 600]) * of_each)
    return level.word


@pytest.mark.parametrize(
    ("share", "shrink", "n", "word"),
    [
        (0.75, 0.75, 20, SUNK),
        (0.75, 0.5, 20, SUNK),
        (0.55, 0.55, 60, SUNK),
        (0.55, 1.0, 60, ""),
        (0.6, 1.2, 30, ""),
        (0.6, 1.0, 0, SUNK),
        (0.6, 1.0, 4, SUNK),
        (0.8, 0.8, 20, ""),
    ],
)
def test_a_level_that_takes_the_index_down_a_sd_is_told_unless_responses_kept_their_size(
    share: float, shrink: float, n: int, word: str
) -> None:
    """At 4 SD for ln µS 22 % of the level are 1 SD; what nothing tells from a drying electrode is said."""
    assert sunk(share, shrink, n) == word


def test_what_the_level_does_not_take_down_is_not_told() -> None:
    assert sunk(0.6, 0.6, 20, moves=1.9) == "" and sunk(0.6, 0.6, 20, moves=2.0) == SUNK


@pytest.mark.parametrize(("share", "fallen"), [(0.52, True), (0.48, False)])
def test_half_of_the_window_must_have_a_level(share: float, fallen: bool) -> None:
    """What is known of fewer seconds may be a moment; the level stands at a fifth of that of the rest."""
    config = ArousalConfig()
    level, n = Level(config), round(config.fallen_window)
    level.begin(REST)
    known = np.random.default_rng(1).permutation(n) < share * n
    for second in range(n):
        level.take(REST - math.log(5.0) if known[second] else math.nan, look=True)
    # Interruptions are no matter here: nothing stands elsewhere after one than before it.
    assert level.word == ("less than 50 % of its EDA level is left" if fallen else "")
