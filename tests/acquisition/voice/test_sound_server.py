"""Two synthetic voices through a sound server and PortAudio: who spoke, and when by this machine's clock."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.stream import PEOPLE, Role
from tests.acquisition.pulse import need_pulse, null_sink
from tests.acquisition.speech import alternating, dialogue, need_models, pitch_of, write_wav

pytestmark = [pytest.mark.realtime, pytest.mark.slow]

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 2.5
"""Seconds of each sentence that are played: real time costs as long as it lasts."""
PLAYED = 0.25
"""Seconds from where a sound server was asked to play until it does, and that a turn may be off."""


@pytest.mark.parametrize(("first", "stall"), [(PEOPLE[0], 0.0), (PEOPLE[1], 0.9)])
def test_two_voices_through_a_sound_server_are_told_apart(first: Role, stall: float, tmp_path: Path) -> None:
    """Run in a process of its own: PortAudio and ALSA read the environment once.

    A server that stands still for a while plays and hands over afterwards what it had to: nothing moves.
    """
    need_models()
    need_pulse()
    starts, seconds = alternating(2, first=first, longest=LONGEST)
    mics, truth = dialogue(starts, seconds, longest=LONGEST)
    write_wav(tmp_path / "duo.wav", [mics[Role.THERAPIST], mics[Role.CLIENT]])
    heard = play_and_hear(tmp_path, tmp_path / "duo.wav", stall)
    if gaps := [what for what in heard.notices if what.startswith("gap")]:
        pytest.skip(f"this machine is too busy to play and hear in real time: {gaps[0]}")
    assert not [what for what in heard.notices if what.startswith("clock")]
    rows = heard.rows
    by_start = sorted((stop - length, stop, role, f0) for role, stop, length, f0 in heard.turns)
    assert [role for _, _, role, _ in by_start] == [role for role, _, _ in truth]
    delay = np.median([found[0] - true[1] for found, true in zip(by_start, truth, strict=True)])
    asked, answered = heard.played
    assert asked - PLAYED < delay < answered + PLAYED
    for (start, stop, _, f0), (role, true_start, true_stop) in zip(by_start, truth, strict=True):
        assert start - delay == pytest.approx(true_start, abs=0.25), (by_start, truth, rows)
        assert stop - delay == pytest.approx(true_stop, abs=0.25), (by_start, truth, rows)
        assert 12 * abs(np.log2(f0 / pitch_of(role, LONGEST))) < 0.5
    own = sum(phonation for _, _, phonation in rows)
    foreign = sum(
        phonation
        for role, stamp, phonation in rows
        if not any(
            who is role and a - 0.25 < stamp - delay and stamp - 1.0 - delay < b + 0.25 for who, a, b in truth
        )
    )
    assert own > 0.4 * sum(stop - start for _, start, stop in truth)
    assert foreign <= 0.01 * own


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Rows (role, stamp, phonation), turns (role, end, duration, F0), notices, when it began [s]."""

    rows: list[tuple[Role, float, float]]
    turns: list[tuple[Role, float, float, float]]
    notices: list[str]
    played: tuple[float, float]


def play_and_hear(folder: Path, wav: Path, stall: float) -> Heard:
    """Play a file into a sink that the driver hears, in a process of its own."""
    with null_sink(folder) as environment:
        command = [sys.executable, "-m", "tests.acquisition.microphone_child", str(wav), str(stall)]
        child = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False
        )
    assert child.returncode == 0, child.stdout + child.stderr
    return read_child(child.stdout)


def read_child(printed: str) -> Heard:
    heard = Heard(rows=[], turns=[], notices=[], played=(np.nan, np.nan))
    for line in printed.splitlines():
        kind, *rest = line.split()
        if kind == "row":
            heard.rows.append((Role(rest[0]), float(rest[1]), float(rest[2])))
        elif kind == "turn":
            heard.turns.append((Role(rest[0]), float(rest[1]), float(rest[2]), float(rest[3])))
        elif kind == "played":
            heard = replace(heard, played=(float(rest[0]), float(rest[1])))
        else:
            heard.notices.append(line)
    return heard
