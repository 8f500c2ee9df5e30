"""Ratings beside a recording: written, read, cut off, sealed, withdrawn, unsealed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import RecordingError
from acquisition.ratings.files import RatingWriter, Sitting, files_of, read_ratings, refuse_rating
from acquisition.ratings.whose import Whose, rater_of
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.session.rating_settings import Axis
from acquisition.stream import Role
from tests.acquisition.refilling.synthetic import written

CLIENT = Whose(Role.CLIENT)


def rate(path: Path, sitting: Sitting, start: float, n: int = 40, value: float = 0.25) -> None:
    writer = RatingWriter(path, sitting)
    for k in range(n):
        writer.add(start + k / 20.0, (value,) * len(sitting.axes))
    writer.close()


def test_what_is_written_is_read_with_who_what_and_how(tmp_path: Path) -> None:
    path = written(tmp_path / "rec")
    two = (Axis("closeness", "far", "near"), Axis("energy"))
    rate(path, Sitting(rater="R1", whose=CLIENT, axes=two, bounded=False, input="keyboard"), 50.0)
    (found,) = read_ratings(path)
    assert found.sitting == Sitting(rater="R1", whose=CLIENT, axes=two, bounded=False, input="keyboard")
    assert np.array_equal(found.times, 50.0 + np.arange(40) / 20.0)
    assert found.values.shape == (40, 2)
    assert (found.values == 0.25).all()
    assert verify(path) == []


def test_a_sitting_goes_on_as_a_segment_of_its_own_and_the_later_word_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "rec")
    first = Sitting(rater="R1", whose=CLIENT)
    rate(path, first, 50.0, value=0.1)
    rate(path, first, 51.0, value=0.2)
    rate(path, Sitting(rater="R1", whose=CLIENT, turn=2), 50.0)
    assert [f.name for f in files_of(path)] == ["R1.xdf", "R1+2.xdf", "R1+3.xdf"]
    one, again = read_ratings(path)
    assert (one.name, again.name) == ("R1", "R1 (2)")
    assert (one.values[one.times < 51.0] == np.float32(0.1)).all()
    assert (one.values[one.times >= 51.0] == np.float32(0.2)).all()
    assert len(one.times) == 60
    rate(path, first, 60.0, n=0)
    assert len(files_of(path)) == 3


@pytest.mark.parametrize("turn", ["²", "9" * 5000, "", "-1"])
def test_a_header_that_numbers_no_turn_is_of_the_first(turn: str, tmp_path: Path) -> None:
    path = written(tmp_path / "rec")
    rate(path, Sitting(rater="R1", whose=CLIENT, turn=turn), 50.0)  # type: ignore[arg-type]
    (found,) = read_ratings(path)
    assert found.sitting.turn == 1


CHILD = """
import sys, os, signal
from pathlib import Path
from acquisition.ratings.files import RatingWriter, Sitting
from acquisition.ratings.whose import Whose
from acquisition.stream import Role
writer = RatingWriter(Path(sys.argv[1]), Sitting(rater="R1", whose=Whose(Role.CLIENT)))
for k in range(103):
    writer.add(50.0 + k / 20.0, (k / 200.0,))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no kill -9")
def test_a_kill_takes_less_than_three_tenths_of_a_second(tmp_path: Path) -> None:
    path = written(tmp_path / "rec")
    done = subprocess.run([sys.executable, "-c", CHILD, str(path)], check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    (found,) = read_ratings(path)
    assert 103 - len(found.times) < 0.3 * 20.0
    assert np.allclose(found.values[:, 0], np.arange(len(found.times)) / 200.0)
    assert verify(path) == []
    rate(path, found.sitting, float(found.times[-1]))
    assert len(read_ratings(path)) == 1


def test_who_rates_is_a_code_or_one_of_the_two(tmp_path: Path) -> None:
    session = Recording(written(tmp_path / "rec")).session
    assert session is not None
    assert rater_of(session, "therapist") == (session.code(Role.THERAPIST), Role.THERAPIST)
    assert rater_of(session, session.code(Role.CLIENT)) == (session.code(Role.CLIENT), Role.CLIENT)
    assert rater_of(None, "R12") == ("R12", None)
    for name in ("Maria Huber", "", "../R1"):
        with pytest.raises(RecordingError, match="must be a code"):
            rater_of(session, name)


def test_of_whom_nothing_is_there_nothing_is_rated(tmp_path: Path) -> None:
    path = written(tmp_path / "rec")
    refuse_rating(path, CLIENT)
    (path / "client.xdf").unlink()
    with pytest.raises(RecordingError, match="nothing of the client is there"):
        refuse_rating(path, CLIENT)


def test_what_is_no_rating_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "rec")
    (path / "ratings").mkdir()
    (path / "ratings" / "R1.xdf").write_bytes(b"{}")
    assert [(f.file, f.problem) for f in verify(path)] == [("ratings/R1.xdf", "damaged")]
    with pytest.raises(RecordingError, match=r"R1\.xdf"):
        read_ratings(path)
