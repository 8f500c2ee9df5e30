"""Many recordings as one BIDS dataset: what the validators say, and whether every sample comes back.

python -m benchmarks.dataset RECORDINGS [--keep DIR]

RECORDINGS is a folder, as `benchmarks.known_cohort --keep` leaves one: twelve sessions of six people. They
are exported in two runs, as if later sessions joined; `bids-validator-deno` and `hedtools` look at all of it,
and each conversation is imported again and compared with its recording sample by sample.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from acquisition.importing.assigning import import_as
from acquisition.stream import Modality, Role
from processing.cohort.known import recordings_in
from processing.export.bids_people import session_label, subject_label
from processing.export.dataset import read_table
from processing.export.tracks import Track, on_even_grid, read_tracks

READ = ("_physio.tsv.gz", "_events.tsv")


def export(recordings: list[Path], out: Path) -> None:
    """Export recordings into one dataset."""
    command = [sys.executable, "-m", "viewer.cli", "export", *map(str, recordings), "--to", "bids", "--out"]
    subprocess.run(
        [*command, str(out), "--author", "A. Author", "--author", "B. Author", "--licence", "CC0"],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def said_of(dataset: Path) -> Counter[str]:
    """Return how often the validator of BIDS says what."""
    command = [str(Path(sys.executable).with_name("bids-validator-deno")), str(dataset), "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout)["issues"]["issues"]
    return Counter(" ".join([i["severity"], i["code"], i.get("subCode", "")]).strip() for i in found)


def compared(recording: Path, dataset: Path, work: Path) -> tuple[int, int]:
    """Return how many samples of a recording came back the same, of how many."""
    tracks = read_tracks(recording)
    pairs = [
        (role, path)
        for role in (Role.CLIENT, Role.THERAPIST)
        for path in sorted(
            (
                dataset / f"sub-{subject_label(tracks, role)}" / f"ses-{session_label(tracks)}" / "beh"
            ).iterdir()
        )
        if path.name.endswith(READ)
    ]
    import_as(pairs, out=work)
    back = read_tracks(work)
    same = of = 0
    for track in (t for t in tracks.streams if t.info.sfreq > 0):
        want = on_even_grid(track, tracks.begin, tracks.end)
        (again,) = [t for t in back.streams if _what(t) == _what(track)]
        at = np.rint((again.times - back.begin) * track.info.sfreq).astype(int)
        there = np.flatnonzero(np.isfinite(want).all(axis=1))
        of += len(there)
        if len(at) == len(there):
            same += int((np.asarray(again.samples, float) == want[there]).all(axis=1).sum())
    return same, of


def _what(track: Track) -> tuple[Role, Modality]:
    return track.info.role, track.info.modality


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--keep", type=Path, help="Where the dataset stays.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="dataset-") as place:
        dataset = given.keep or Path(place) / "dataset"
        recordings = recordings_in([given.recordings])
        half = len(recordings) // 2
        export(recordings[:half], dataset)
        export(recordings[half:], dataset)
        people = read_table(dataset / "participants.tsv")[1]
        print(f"{len(recordings)} sessions, {len(people)} people")
        for what, n in sorted(said_of(dataset).items()):
            print(f"  bids-validator: {what}: {n}")
        from hed.tools import BidsDataset

        print(f"  hedtools: {len(BidsDataset(str(dataset)).validate())} issues")
        same = of = 0
        for recording in recordings:
            mine = compared(recording, dataset, Path(place) / recording.name)
            same, of = same + mine[0], of + mine[1]
        print(f"  imported again: {same} of {of} samples the same")


if __name__ == "__main__":
    main()
