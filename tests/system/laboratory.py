"""A laboratory of its own, in which commands run as a user would start them, and what it brings to them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquisition.event import Event
from acquisition.session.toml import dump_session
from acquisition.simulation.demo_session import simulated_session
from tests.acquisition.speech import alternating, dialogue, need_models, write_wav
from tests.acquisition.voice.test_wav_file import session as voices
from tests.processing.simulated_hour import START, write_hour
from tests.system.commands import ROOT

LONGEST = 240.0


@dataclass(slots=True)
class Laboratory:
    """Run commands in a place of their own: a home, a runtime directory, a folder of temporary files.

    Parameters
    ----------
    prefix : sequence of str
        Words before each command.
    past : Path
        A folder with the recording of another day (`recorded_before`), which is looked at here.
    """

    root: Path
    prefix: Sequence[str] = ()
    past: Path | None = None
    ran: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in ("home", "run", "tmp", "lab"):
            (self.root / name).mkdir(mode=0o700)
        self.make_inputs()

    @property
    def lab(self) -> Path:
        """Return the folder that the commands may write into."""
        return self.root / "lab"

    @property
    def places(self) -> tuple[Path, ...]:
        """Return the folders in which nothing may be left."""
        return tuple(self.root / name for name in ("home", "run", "tmp"))

    def make_inputs(self) -> None:
        """Write what a laboratory brings: session files, a table, a passphrase."""
        publish = '\n[lsl]\npublish = ["indices", "markers", "ecg"]\n'
        (self.root / "two.toml").write_text(simulated_session(seed=2, past=False) + publish)
        rows = "\n".join(f"{k / 250},{np.sin(k / 9)}" for k in range(2500))
        (self.root / "ecg.csv").write_text("t,ecg\n" + rows + "\n")
        (self.root / "passphrase").write_text("correct horse battery\n")

    def voices(self) -> Path:
        """Write a session file of two people who are heard from a sound file; skip where voice is missing."""
        need_models()
        starts, seconds = alternating(1, pause=0.3)
        sound, _ = dialogue(starts, seconds)
        write_wav(self.root / "two.wav", list(sound.values()))
        path = self.root / "voices.toml"
        path.write_text(dump_session(voices(self.root / "two.wav")))
        return path

    def environment(self) -> dict[str, str]:
        """Return an environment in which every place of the user's is one of ours, and empty."""
        kept = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith("XDG_") and k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLCONFIGDIR")
            and k not in ("ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK")
        }  # fmt: skip
        return kept | {
            "HOME": str(self.root / "home"),
            "XDG_RUNTIME_DIR": str(self.root / "run"),
            "TMPDIR": str(self.root / "tmp"),
            "ATTUNE_KEYS": str(self.lab / "keys"),
            "PYTHONPATH": str(ROOT),
            "QT_QPA_PLATFORM": "offscreen",
        }

    def start(self, *words: str | Path, stdin: int | None = None) -> subprocess.Popen[str]:
        """Start `attune` with these words, for whom no file would be private by itself."""
        self.ran.append(str(words[0]))
        return subprocess.Popen(
            [*self.prefix, sys.executable, "-m", "viewer.cli", *map(str, words)],
            stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.lab,
            env=self.environment(),
            umask=0,
        )  # fmt: skip

    def run(self, *words: str | Path, code: int | None = 0, answers: str | None = None) -> str:
        """Run `attune` with these words and return what it said; it ends with this code, if one is given."""
        process = self.start(*words, stdin=None if answers is None else subprocess.PIPE)
        return self.finish(process, code=code, answers=answers)

    def finish(
        self, process: subprocess.Popen[str], *, code: int | None = 0, answers: str | None = None
    ) -> str:
        """Wait for what was started, as `run` does."""
        said, _ = process.communicate(answers, timeout=LONGEST)
        assert code is None or process.returncode == code, said
        return said

    def end(self, process: subprocess.Popen[str]) -> None:
        """End what runs until it is told to."""
        process.terminate()
        process.communicate(timeout=LONGEST)

    def recorded(self) -> Path:
        """Return some minutes of two people with every sensor, for this day to do with what it likes."""
        assert self.past is not None
        shutil.copytree(self.past / "hour", self.lab / "hour")
        return self.recording("hour")

    def recording(self, parent: str) -> Path:
        """Return the one recording in a folder."""
        (path,) = [p.parent for p in (self.lab / parent).glob("*/client.xdf")]
        return path


def recorded_before(root: Path) -> None:
    """Write a recording of two people with every sensor: every day that looks at one takes a copy."""
    note = Event(time=START - 60.0, code="note", id="note", note="observed")
    (root / "hour").mkdir(mode=0o700)
    path = write_hour(root / "hour" / "S01", past=3.0, events=[note], dyad="D02", number=1)
    (path / "session.toml").chmod(0o600)  # as a recorder leaves it; the rest is the store's own
