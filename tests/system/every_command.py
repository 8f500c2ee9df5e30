"""Run every command once, as a laboratory would: two people, voices, LSL, results, exports, pictures."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquisition.session.toml import dump_session
from acquisition.simulation.demo_session import simulated_session
from tests.acquisition.speech import alternating, dialogue, write_wav
from tests.acquisition.voice.test_wav_file import session as voices
from tests.system.commands import ROOT, await_true

LONGEST = 240.0


@dataclass(slots=True)
class Laboratory:
    """Run commands in a place of their own: a home, a runtime directory, a folder of temporary files.

    Parameters
    ----------
    prefix : sequence of str
        Words before each command.
    """

    root: Path
    prefix: Sequence[str] = ()
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
        """Write what a laboratory brings: session files, a sound file, a table."""
        starts, seconds = alternating(1, pause=0.3)
        sound, _ = dialogue(starts, seconds)
        write_wav(self.root / "two.wav", list(sound.values()))
        (self.root / "voices.toml").write_text(dump_session(voices(self.root / "two.wav")))
        publish = '\n[lsl]\npublish = ["indices", "markers", "ecg"]\n'
        (self.root / "two.toml").write_text(simulated_session(seed=2, past=False) + publish)
        rows = "\n".join(f"{k / 250},{np.sin(k / 9)}" for k in range(2500))
        (self.root / "ecg.csv").write_text("t,ecg\n" + rows + "\n")
        (self.root / "passphrase").write_text("correct horse battery\n")
        (self.root / "answers.csv").write_text("item,answer\n1,5\n")

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
        said, _ = process.communicate(answers, timeout=LONGEST)
        assert code is None or process.returncode == code, said
        return said

    def recording(self, parent: str) -> Path:
        """Return the one recording in a folder."""
        (path,) = [p.parent for p in (self.lab / parent).glob("*/client.xdf")]
        return path

    def work(self) -> None:
        """Run every command."""
        self._record()
        self._with_files()
        self._results()
        self._rights()

    def _record(self) -> None:
        self.run("demo", "--headless", "--seconds", "3", "--out", "demo")
        self.run("demo", "--headless", "--seconds", "1", "--hour", "hard", "--ble", code=2)
        self.run("record", self.root / "voices.toml", "--seconds", "6", "--out", "voices")
        live = self.start("live", self.root / "two.toml", "--headless", "--out", "live")
        try:
            await_true(lambda: any((self.lab / "live").glob("*/session.toml")), 60.0)
            follower = self.start("process", self.recording("live"), "--follow", "--out", "followed")
            page = self.start("status-page")
            time.sleep(3.0)  # what is watched here takes time to happen: outlets, look-ups
            page.terminate()
            page.communicate(timeout=LONGEST)
            self.run("status")
            self.run("mark", "note", "--note", "observed")
            self.run("pause", "client")
            self.run("resume", "client")
            self.run("confirm", code=None)  # nobody waits to be confirmed
            self.run("swap")
            self.run(
                "replace", "client", "lsl_ecg", "--source-id", "nobody", code=None
            )  # nor is anything found
            self.run("stop")
            follower.communicate(timeout=LONGEST)
        finally:
            live.communicate(timeout=LONGEST)
        self.run("live", self.root / "two.toml", "--headless", "--monitor-only", "--seconds", "2")

    def _with_files(self) -> None:
        demo = self.recording("demo")
        replay = self.start("replay", demo)
        time.sleep(2.0)
        self.run("rate", demo, "--rater", "R1", "--picture", "rating.png")
        self.run("rate", demo, "--rater", "R1", "--pairs", "--picture", "pairs.png")
        self.run("doctor", code=None)  # what the machine lacks is no matter here
        self.run("new", "next.toml", "--from", self.root / "two.toml", answers="\n" * 40)
        self.run("devices", "scan", "--seconds", "1")
        self.run("devices", "list")
        self.run("devices", "check", self.root / "two.toml", "--seconds", "12", "--no-read", "--out", "live")
        self.run(
            "devices", "trial", "heart_rate", "--emulated", "--seconds", "6", "--out", "trial.txt", code=None
        )  # so short a time may find too little
        self.run("devices", "identify", self.root / "two.toml", "--seconds", "1")
        replay.terminate()
        replay.communicate(timeout=LONGEST)
        self.run("import", self.root / "ecg.csv", "--stream", "client:ecg:mV:250=ecg", "--out", "imported")
        self.run("amend", "imported", "dyad=D09", "--why", "observed")
        self.run("verify", demo)
        self.run("verify", "imported")
        self.run("refill", demo)
        self.run("repair", demo, "--out", "repaired")

    def _results(self) -> None:
        demo = self.recording("demo")
        (self.lab / "exported").mkdir(mode=0o700)
        (self.lab / "exported" / "csv").mkdir(mode=0o700)
        (self.lab / "exported" / "csv" / "events.csv").touch(0o666)  # it was there, for all to read
        (self.lab / "window.png").touch(0o666)
        for kind in ("bids", "csv", "mne", "edf", "xdf", "elan"):
            self.run("export", demo, "--to", kind, "--out", Path("exported") / kind)
        self.run("process", demo, self.lab / "imported", "--jobs", "2", "--report", "--out", "results")
        self.run("across", self.lab / "results" / demo.name, "--out", "across.parquet")
        self.run("cohort", demo, "--out", "store", "--jobs", "1")
        self.run("bids-app", Path("exported") / "bids", "derived", "participant")
        self.run("report", demo, "--pdf", "--out", "report.html")
        self.run("view", demo, "--picture", "window.png")
        self.run("events", "vocabulary")
        self.run("corrections", "list", demo)
        self.run("instruments", "list")
        self.run("self-check", "--read", "--therapist", "T02", code=1)  # nothing is kept
        self.run("self-check", code=1)  # it is a window and nothing else, and there is no display

    def _rights(self) -> None:
        self.run("keys", "init", "--passphrase-file", self.root / "passphrase", "--sheet", "sheet.txt")
        sealed = f"{(self.root / 'two.toml').read_text()}\n[protection]\nsealed = true\n"
        (self.root / "sealed.toml").write_text(sealed)
        self.run("record", self.root / "sealed.toml", "--seconds", "3", "--out", "sealed")
        path = self.recording("sealed")
        self.run("process", path, "--out", "sealed_results")
        self.run("unseal", path, "--out", "unsealed")
        self.run("retention", "list", "--from", "sealed")
        self.run("withdraw", path, "client", "--yes")
        self.run("audit", "verify")
        self.run("keys", "remember", "keyring", code=1)  # no desktop, no keyring
        self.run("keys", "forget", "tpm")
        self.run("keys", "lock")
