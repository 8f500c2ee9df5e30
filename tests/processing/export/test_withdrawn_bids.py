"""One session of several goes out of a dataset: the others keep files and rows; the last takes all along."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.protection.store_files import shred
from processing.export.withdrawn_bids import parted, remove_empty, sessions_of, take_out

TABLES = {
    "participants.tsv": "participant_id\trole\nsub-C01\tclient\nsub-T01\ttherapist\nsub-C02\tclient\n",
    "phenotype/phq9.tsv": "participant_id\tsession_id\tsum\n"
    "sub-C01\tses-01\t9\nsub-C01\tses-02\t8\nsub-C02\tses-01\t7\n",
    "sub-C01/sub-C01_sessions.tsv": "session_id\tacq\nses-01\tx\nses-02\ty\n",
    "README": "about\n",
    "dataset_description.json": "{}",
}
SESSIONS = [("sub-C01", "ses-01"), ("sub-T01", "ses-01"), ("sub-C01", "ses-02"), ("sub-C02", "ses-01")]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    root = tmp_path / "bids"
    files = TABLES | {f"{s}/{n}/beh/{s}_{n}_ecg.tsv": "1\n" for s, n in SESSIONS}
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def withdraw(root: Path, *sessions: tuple[str, str]) -> None:
    """Do what a withdrawal does of a session whose files are these and all that is shared."""
    files = [f for s, n in sessions for f in (root / s / n).rglob("*.tsv")]
    own, shared = parted([*files, *(root / name for name in TABLES)])
    assert own == files and len(shared) == len(TABLES)
    gone = sessions_of(own)
    assert gone == set(sessions)
    for file in own:
        shred(file)
    take_out(shared, gone)
    remove_empty({f.parent for f in (*own, *shared)}, [root])


def lines(file: Path) -> list[str]:
    return [line.split("\t")[0] for line in file.read_text().splitlines()[1:]]


def test_a_person_of_whom_something_is_left_stays_in_the_tables(dataset: Path) -> None:
    withdraw(dataset, ("sub-C01", "ses-01"), ("sub-T01", "ses-01"))
    assert lines(dataset / "participants.tsv") == ["sub-C01", "sub-C02"]
    assert lines(dataset / "phenotype" / "phq9.tsv") == ["sub-C01", "sub-C02"]
    assert "ses-01\t9" not in (dataset / "phenotype" / "phq9.tsv").read_text()
    assert lines(dataset / "sub-C01" / "sub-C01_sessions.tsv") == ["ses-02"]
    assert (dataset / "README").exists() and not (dataset / "sub-T01").exists()
    withdraw(dataset, ("sub-C01", "ses-02"))
    assert lines(dataset / "participants.tsv") == ["sub-C02"]
    assert not (dataset / "sub-C01").exists()
    assert not any("C01" in f.name or "C01" in f.read_text() for f in dataset.rglob("*") if f.is_file())


def test_the_last_session_takes_all_with_it(dataset: Path) -> None:
    withdraw(dataset, *SESSIONS)
    assert list(dataset.iterdir()) == []


def test_what_is_in_no_dataset_goes_whole(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("x")
    assert parted([tmp_path / "events.csv"]) == ([tmp_path / "events.csv"], [])
