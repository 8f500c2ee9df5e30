"""Run every command once, as a laboratory would, in groups of a few seconds each: a new one joins a group."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tests.acquisition.speech import write_wav
from tests.system.commands import await_true
from tests.system.laboratory import Laboratory


@dataclass(frozen=True, slots=True)
class Group:
    """Hold commands that run together: the work, which they are, and the kinds of files that come of it."""

    work: Callable[[Laboratory], None]
    commands: frozenset[str]
    kinds: frozenset[str]


GROUPS: dict[str, Group] = {}
"""Name → group; each has a test in a file of its own, `tests/system/nothing_leaves/test_NAME.py`."""
Work = Callable[[Laboratory], None]


def _group(commands: str, kinds: str) -> Callable[[Work], Work]:
    """Make a group of a function: the commands that it runs, and the suffixes of what they write."""

    def added(work: Work) -> Work:
        GROUPS[work.__name__] = Group(work, frozenset(commands.split()), frozenset(kinds.split()))
        return work

    return added


@_group("demo", ".xdf .toml .json .parquet .csv .png")
def demo(lab: Laboratory) -> None:
    """Show it to somebody: emulated wearables, recorded and analysed."""
    lab.run("demo", "--headless", "--seconds", "1", "--ble", "--out", "demo")


@_group("demo live", "")
def monitor(lab: Laboratory) -> None:
    """Open a window that records nothing; ask for a demonstration that there is not."""
    lab.run("demo", "--headless", "--seconds", "1", "--hour", "hard", "--ble", code=2)
    lab.run("live", lab.root / "two.toml", "--headless", "--monitor-only", "--seconds", "2")


@_group("live process status-page status mark pause resume confirm swap replace stop", ".xdf .toml .parquet")
def recorder(lab: Laboratory) -> None:
    """Record with a window, follow it, and speak to the recorder."""
    live = lab.start("live", lab.root / "two.toml", "--headless", "--out", "live")
    try:
        await_true(lambda: any((lab.lab / "live").glob("*/session.toml")), 60.0)
        follower = lab.start("process", lab.recording("live"), "--follow", "--out", "followed")
        page = lab.start("status-page")
        time.sleep(3.0)  # what is watched here takes time to happen: outlets, look-ups
        lab.run("status")
        lab.run("mark", "note", "--note", "observed")
        lab.run("pause", "client")
        lab.run("resume", "client")
        lab.run("confirm", code=None)  # nobody waits to be confirmed
        lab.run("swap")
        lab.run("replace", "client", "lsl_ecg", "--source-id", "nobody", code=None)  # nor is anything found
        lab.end(page)  # it ran beside all of these
        lab.run("stop")
        lab.finish(follower)
    finally:
        lab.finish(live)


@_group("record new import amend verify", ".xdf .toml .pdf .json")
def taking_in(lab: Laboratory) -> None:
    """Take in voices from a sound file and a table of another tool; write a session file by questions."""
    voices = lab.start("record", lab.voices(), "--seconds", "6", "--out", "voices")
    lab.run("new", "next.toml", "--from", lab.root / "two.toml", answers="\n" * 40)
    lab.run("import", lab.root / "ecg.csv", "--stream", "client:ecg:mV:250=ecg", "--out", "imported")
    lab.run("amend", "imported", "dyad=D09", "--why", "observed")
    lab.run("verify", "imported")
    lab.finish(voices)


@_group("devices doctor", ".txt")
def trying(lab: Laboratory) -> None:
    """Try a device, and ask what the machine lacks."""
    words = ("trial", "heart_rate", "--emulated", "--seconds", "6", "--out", "trial.txt")
    trial = lab.start("devices", *words)
    lab.run("doctor", code=None)  # what the machine lacks is no matter here
    lab.finish(trial, code=None)  # so short a time may find too little


@_group("replay devices", ".xdf .toml")
def devices(lab: Laboratory) -> None:
    """Look for devices, real ones and those of a recording that is sent over LSL."""
    replay = lab.start("replay", lab.recorded())
    lab.run("devices", "scan", "--seconds", "1")
    lab.run("devices", "list")
    lab.run(
        "devices", "check", lab.root / "two.toml", "--seconds", "6", "--no-read", "--out", "live", code=None
    )
    lab.run("devices", "identify", lab.root / "two.toml", "--seconds", "1")
    lab.end(replay)


@_group("view rate", ".xdf .toml .png")
def looking(lab: Laboratory) -> None:
    """Look at a recording, and rate it."""
    path = lab.recorded()
    (lab.lab / "window.png").touch(0o666)  # it was there, for all to read
    lab.run("view", path, "--picture", "window.png")
    lab.run("rate", path, "--rater", "R1", "--picture", "rating.png")
    lab.run("rate", path, "--rater", "R1", "--pairs", "--picture", "pairs.png")


@_group("link verify refill repair", ".xdf .toml .json")
def checking(lab: Laboratory) -> None:
    """Check the files of a recording, and what belongs to it."""
    path = lab.recorded()
    heard = 0 if find_spec("av") else 1
    write_wav(lab.root / "hour.wav", [np.zeros(32_000)])  # sound alone is a video, too
    lab.run("link", path, lab.root / "hour.wav", "--start", "0", code=heard)
    lab.run("verify", path)
    lab.run("refill", path)
    lab.run("repair", path, "--out", "repaired")


@_group(
    "import process across events corrections instruments self-check",
    ".xdf .toml .parquet .csv .json .html",
)
def results(lab: Laboratory) -> None:
    """Compute results, two recordings at a time, and compare sessions; ask for what is kept beside them."""
    path = lab.recorded()
    lab.run("import", lab.root / "ecg.csv", "--stream", "client:ecg:mV:250=ecg", "--out", "imported")
    lab.run("process", path, "imported", "--jobs", "2", "--report", "--out", "results")
    lab.run("across", Path("results") / path.name, "--out", "across.parquet")
    lab.run("events", "vocabulary")
    lab.run("corrections", "list", path)
    lab.run("instruments", "list")
    lab.run("self-check", "--read", "--therapist", "T02", code=1)  # nothing is kept
    lab.run("self-check", code=1)  # it is a window and nothing else, and there is no display


@_group("report", ".xdf .toml .html .pdf")
def report(lab: Laboratory) -> None:
    """Write the report of a recording."""
    lab.run("report", lab.recorded(), "--pdf", "--out", "report.html")


@_group("cohort", ".xdf .toml .parquet .csv .json .html .pdf .duckdb .R")
def cohort(lab: Laboratory) -> None:
    """Process recordings into a store."""
    lab.run("cohort", lab.recorded(), "--out", "store", "--jobs", "1")


@_group("export", ".xdf .toml .csv .edf")
def exports(lab: Laboratory) -> None:
    """Write a recording for tables and for readers of signals."""
    path = lab.recorded()
    (lab.lab / "exported").mkdir(mode=0o700)
    (lab.lab / "exported" / "csv").mkdir(mode=0o700)
    (lab.lab / "exported" / "csv" / "events.csv").touch(0o666)  # it was there, for all to read
    for kind in ("csv", "edf"):
        lab.run("export", path, "--to", kind, "--out", Path("exported") / kind)


@_group("export", ".xdf .toml .fif")
def exports_to_tools(lab: Laboratory) -> None:
    """Write a recording for the tools of a field."""
    path = lab.recorded()
    (lab.lab / "exported").mkdir(mode=0o700)
    for kind in ("mne", "xdf", "elan"):
        lab.run("export", path, "--to", kind, "--out", Path("exported") / kind)


@_group("export bids-app", ".xdf .toml .tsv .gz .json")
def bids(lab: Laboratory) -> None:
    """Write a dataset, and compute it."""
    lab.run("export", lab.recorded(), "--to", "bids", "--out", "bids")
    lab.run("bids-app", "bids", "derived", "participant")


def _sealed(lab: Laboratory) -> Path:
    """Make a key store, and record sealed."""
    lab.run("keys", "init", "--passphrase-file", lab.root / "passphrase", "--sheet", "sheet.txt")
    sealed = f"{(lab.root / 'two.toml').read_text()}\n[protection]\nsealed = true\n"
    (lab.root / "sealed.toml").write_text(sealed)
    lab.run("record", lab.root / "sealed.toml", "--seconds", "3", "--out", "sealed")
    return lab.recording("sealed")


@_group("keys record process unseal", ".xdf .toml .parquet .csv .json .age .pub")
def protection(lab: Laboratory) -> None:
    """Seal a recording, and read it."""
    path = _sealed(lab)
    lab.run("process", path, "--out", "sealed_results")
    lab.run("unseal", path, "--out", "unsealed")
    lab.run("keys", "remember", "keyring", code=1)  # no desktop, no keyring
    lab.run("keys", "forget", "tpm")
    lab.run("keys", "lock")


@_group("keys record retention withdraw audit", ".xdf .toml .json .age .pub")
def withdrawal(lab: Laboratory) -> None:
    """Take a person out of a sealed recording."""
    path = _sealed(lab)
    lab.run("retention", "list", "--from", "sealed")
    lab.run("withdraw", path, "client", "--yes")
    lab.run("audit", "verify")
    lab.run("keys", "lock")
