"""Baselines: which pass, why others do not, and references kept for later sessions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import SessionError
from processing.arousal.arousal import Arousal
from processing.arousal.band import ArousalConfig
from processing.arousal.baseline import Reference, pool, read_reference
from processing.config import PipelineConfig
from tests.processing.arousal_rows import EXPECTED, MARKS, events, resting, rows_of, run

CONFIG = ArousalConfig()


def after(channels: dict[str, np.ndarray], marks: tuple[tuple[float, str, str], ...] = MARKS) -> Arousal:
    arousal = Arousal("client", channels_expected=EXPECTED, config=PipelineConfig())
    run(
        arousal,
        rows_of(channels["hr"], channels["scl"], channels["scr"]),
        events(marks),
        float(len(channels["hr"])),
    )
    return arousal


def rested(seconds: int = 500, seed: int = 0) -> dict[str, np.ndarray]:
    return dict(zip(("hr", "scl", "scr"), resting(seconds, seed), strict=True))


@pytest.mark.parametrize(("channel", "words"), [("hr", "heart rate valid 7"), ("scl", "EDA level valid 7")])
def test_a_sensor_valid_for_less_than_four_fifths_refuses_the_baseline(channel: str, words: str) -> None:
    channels = rested()
    channels[channel][100:170] = np.nan
    verdict = after(channels).verdicts[0]
    assert not verdict.accepted and words in verdict.text and "needs 80 %" in verdict.text
    assert verdict.valid[channel] < 80.0


def test_a_response_rate_that_starts_late_is_left_out_and_does_not_refuse() -> None:
    channels = rested()
    channels["scr"][:120] = np.nan
    arousal = after(channels)
    assert arousal.verdicts[0].accepted
    assert arousal.session is not None and set(arousal.session.scales) == {"hr", "scl"}


def test_a_rest_of_less_than_three_minutes_is_refused() -> None:
    verdict = after(rested(), ((30.0, "baseline_rest", "on"), (180.0, "baseline_rest", "off"))).verdicts[0]
    assert not verdict.accepted and verdict.text == "refused: 140 s of valid index, needs 180 s"


def test_talk_without_a_rest_before_it_is_refused() -> None:
    verdict = after(rested(), MARKS[2:]).verdicts[0]
    assert not verdict.accepted and "no rest baseline" in verdict.text


def test_the_last_rest_that_passes_wins() -> None:
    channels = rested(1200)
    channels["hr"][500:800] += 20.0
    later = ((500.0, "baseline_rest", "on"), (800.0, "baseline_rest", "off"))
    short = ((900.0, "baseline_rest", "on"), (950.0, "baseline_rest", "off"))
    arousal = after(channels, MARKS + later + short)
    assert [v.accepted for v in arousal.verdicts] == [True, True, True, False]
    assert arousal.session is not None
    assert arousal.session.scales["hr"].median == pytest.approx(90.0, abs=0.5)


def test_a_reference_survives_its_file(tmp_path: Path) -> None:
    channels = rested()
    channels["scl"][100:110] = np.nan
    session = after(channels).session
    assert session is not None
    path = tmp_path / "client.json"
    path.write_text(session.to_json(), "utf-8")
    person = read_reference(path, CONFIG)
    assert person.scaling == "person" and session.scaling == "session"
    assert person.scales == session.scales and person.bands == session.bands


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"v": 2}', '{"v": 1, "rest": [{}], "talk": []}', '{"v": 1, "rest": 3}']
)
def test_a_file_that_is_no_reference_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "wrong.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SessionError, match=r"wrong\.json"):
        read_reference(path, CONFIG)
    with pytest.raises(SessionError, match=r"absent\.json"):
        read_reference(tmp_path / "absent.json", CONFIG)


def test_a_pooled_reference_lies_between_its_sessions_and_scales_the_index() -> None:
    high = rested(seed=1)
    high["hr"] = high["hr"] + 10.0
    sessions = [after(rested()).session, after(high).session]
    person = pool([s for s in sessions if s is not None], CONFIG)
    assert 70.5 < person.scales["hr"].median < 79.5
    assert person.scales["hr"].scale > 4.0
    arousal = Arousal("client", channels_expected=EXPECTED, config=PipelineConfig(), reference=person)
    rows = run(arousal, rows_of(high["hr"], high["scl"], high["scr"]), events(MARKS), 500.0)
    assert arousal.scaling == "person"
    assert next(r for r in rows if r.index == "arousal" and r.time == 20.0).reason == ""
    assert arousal.verdicts[0].accepted and arousal.reference is person


def test_a_reference_without_a_rest_has_no_scale() -> None:
    assert Reference.of([], [], CONFIG).scales == {}
