"""Two moments at a time: every pair once, joined early, kept at once, taken up again, seen in the results."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.errors import RecordingError
from acquisition.ratings.choices import Choice, append_choice, file_of, read_choices
from acquisition.ratings.whose import Whose
from acquisition.recording.verify import verify
from acquisition.stream import Modality, Role
from processing.commands.process import process_recording
from processing.config import PipelineConfig
from tests.processing.simulated_hour import infos, write_hour
from viewer.rating.command import rate_command
from viewer.rating.comparison import comparison
from viewer.rating.pairs import Comparing, pairs_of
from viewer.rating.pairs_page import PairsPage
from viewer.rating.shown import Hour
from viewer.theme import DARK

CLIENT = Whose(Role.CLIENT)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    light = infos(leave_out=(Modality.VOICE, Modality.RESP, Modality.ECG))
    return write_hour(tmp_path_factory.mktemp("pairs") / "D01_S01", streams=light)


def test_every_pair_comes_once_and_the_first_ones_join_all_moments() -> None:
    starts = [float(20 * k) for k in range(8)]
    pairs = pairs_of(starts, np.random.default_rng(4))
    assert len({frozenset(p) for p in pairs}) == len(pairs) == 28
    assert {t for p in pairs[:8] for t in p} == set(starts)
    assert [len(pairs_of(starts[:n], np.random.default_rng(0))) for n in range(4)] == [0, 0, 1, 3]
    assert [p.first < p.second for p in pairs].count(True) in range(5, 24)


def test_an_answer_is_kept_at_once_and_the_next_sitting_goes_on(qtbot: QtBot, recording: Path) -> None:
    comparing = comparison(recording, "R1", CLIENT, "more")
    page = PairsPage(comparing, Hour(1000.0, 1720.0), 20.0, DARK)
    qtbot.addWidget(page)
    first = comparing.pair
    assert first is not None
    n = len(comparing.pairs)
    for key in (Qt.Key.Key_1, Qt.Key.Key_Right, Qt.Key.Key_0):
        qtbot.keyClick(page, key)
    page.grab()
    kept = read_choices(recording)
    assert [c.chosen for c in kept] == ["first", "second", "neither"]
    assert (kept[0].first, kept[0].second) == first
    assert comparing.progress() == f"3 of {n} pairs answered"
    again = comparison(recording, "R1", CLIENT, "more")
    assert (again.pairs, again.at) == (comparing.pairs, 3)
    other = comparison(recording, "R2", CLIENT, "more")
    assert {t for p in other.pairs for t in p} == {t for p in again.pairs for t in p}
    assert verify(recording) == []


def test_what_cannot_be_kept_is_said_and_asked_again(qtbot: QtBot) -> None:
    def refuse(_: Choice) -> None:
        raise RecordingError("read-only")

    comparing = Comparing(
        [0.0, 30.0, 60.0], 20.0, rater="R1", whose=CLIENT, asked="more", answered=(), keep=refuse,
        now=lambda: "", rng=np.random.default_rng(1),
    )  # fmt: skip
    page = PairsPage(comparing, Hour(0.0, 100.0), 20.0, DARK)
    qtbot.addWidget(page)
    qtbot.keyClick(page, Qt.Key.Key_1)
    assert (page.fault, comparing.at) == ("read-only", 0)


def test_results_hold_how_much_each_moment_had(recording: Path, tmp_path: Path) -> None:
    comparing = comparison(recording, "R3", CLIENT, "more")
    while (pair := comparing.pair) is not None:
        comparing.choose("first" if pair.first > pair.second else "second")
    done = process_recording(recording, tmp_path, config=PipelineConfig())
    rows = pq.read_table(done.directory / "ratings_moments.parquet").to_pandas()
    mine = rows[rows["rater"] == "R3"].sort_values("t")
    assert mine["strength"].is_monotonic_increasing
    assert not (done.directory / "ratings.parquet").exists()


def test_a_line_that_is_none_is_named(tmp_path: Path, recording: Path) -> None:
    (tmp_path / "ratings").mkdir()
    file_of(tmp_path, "R1").write_text('{"op": "compare"}\n')
    with pytest.raises(RecordingError, match=r"R1\.jsonl.*no comparison"):
        read_choices(tmp_path)
    out = tmp_path / "pairs.png"
    said = CliRunner().invoke(
        rate_command, [str(recording), "--rater", "R8", "--pairs", "--picture", str(out)]
    )
    assert said.exit_code == 0, said.output
    assert out.stat().st_size > 5000


@pytest.mark.parametrize(
    ("whose", "about", "actor"),
    [
        (Whose(Role.CLIENT), '"about": "client"', ""),
        (Whose(Role.CLIENT, Role.CLIENT), '"about": "client"', '"actor": "client"'),
        (Whose(Role.DYAD, Role.CLIENT), '"about": "therapist"', '"actor": "client"'),
        (Whose(Role.DYAD), "", ""),
    ],
)
def test_a_line_names_the_people_whose_it_is(tmp_path: Path, whose: Whose, about: str, actor: str) -> None:
    made = Choice(first=0.0, second=40.0, length=20.0, chosen="first", asked="more", rater="R1", whose=whose)
    assert about in made.line()
    assert actor in made.line()
    assert about or '"about"' not in made.line()
    append_choice(tmp_path, made)
    assert read_choices(tmp_path) == [made]


@pytest.mark.parametrize("seconds", [3.0, 27.0])
def test_a_recording_of_one_moment_at_most_is_too_short_to_compare(tmp_path: Path, seconds: float) -> None:
    light = infos(leave_out=(Modality.VOICE, Modality.RESP, Modality.ECG))
    path = write_hour(tmp_path / "S", past=seconds / 60.0, streams=light)
    picture = ["--picture", str(tmp_path / "p.png")]
    done = CliRunner().invoke(rate_command, [str(path), "--rater", "R1", "--pairs", *picture])
    assert done.exit_code == 1 and "too short to compare moments of 20 s" in done.output
