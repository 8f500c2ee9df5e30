"""Work that takes long says how far it is in plain lines where there is no terminal; short work is silent."""

from __future__ import annotations

import threading

import pytest

from acquisition import terminal
from acquisition.terminal import progressing, working
from tests.waiting import wait_for


def test_long_work_says_how_far_it_is_in_plain_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "FIRST", 0.01)
    monkeypatch.setattr(terminal, "NEXT", 0.01)
    said = ""

    def printed() -> str:
        nonlocal said
        said += capsys.readouterr().err
        return said

    with working("reading D07\x1b_S03") as done:
        wait_for(lambda: "reading D07\\u001b_S03 …\n" in printed())
        done(1200.0)
        wait_for(lambda: "reading D07\\u001b_S03: 20 min of recording …\n" in printed())
    lines = printed().splitlines()
    assert set(lines) == {"reading D07\\u001b_S03 …", "reading D07\\u001b_S03: 20 min of recording …"}


def test_short_work_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with progressing("checking D07_S03") as say:
        say("half of it")
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "")


def test_lines_end_with_the_work_also_when_that_fails() -> None:
    def fail() -> None:
        with progressing("checking D07_S03"):
            assert any(t.name == "progress" for t in threading.enumerate())
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert not any(t.name == "progress" for t in threading.enumerate())
