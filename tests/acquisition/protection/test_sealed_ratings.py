"""Ratings beside a sealed recording: sealed to whom they are about, unsealed, withdrawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.errors import KeyStoreError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import lock
from acquisition.protection.unseal import unseal
from acquisition.protection.vault import new_keys, sealed_header
from acquisition.protection.withdrawal import carry_out, plan
from acquisition.ratings.choices import Choice, append_choice, read_choices
from acquisition.ratings.files import RatingWriter, Sitting, files_of, read_ratings
from acquisition.ratings.whose import Whose
from acquisition.recording.identity import new_id
from acquisition.recording.verify import verify
from acquisition.stream import Role
from tests.acquisition.ratings.test_files import CLIENT, rate
from tests.acquisition.refilling.synthetic import written


@pytest.fixture
def sealed(store: KeyStore, tmp_path: Path) -> Path:
    keys = new_keys(new_id(), {Role.CLIENT: "C01", Role.THERAPIST: "T01"})
    path = written(tmp_path / "sealed", keys=keys)
    rate(path, Sitting(rater="R1", whose=CLIENT), 50.0)
    rate(path, Sitting(rater="R1", whose=Whose(Role.DYAD)), 50.0)
    rate(path, Sitting(rater="C01", whose=Whose(Role.DYAD, Role.CLIENT)), 50.0)
    rate(path, Sitting(rater="R2", whose=Whose(Role.THERAPIST)), 50.0)
    return path


def test_beside_a_sealed_recording_it_is_sealed_to_whom_it_is_about(
    sealed: Path, tmp_path: Path, store: KeyStore
) -> None:
    assert all(sealed_header(f) is not None and b"rating" not in f.read_bytes() for f in files_of(sealed))
    assert len(read_ratings(sealed)) == 4
    assert verify(sealed) == []
    done = {one.file: one.said for one in unseal(sealed, tmp_path / "plain")}
    assert done["ratings/R1.xdf"] == "plain"
    plain = tmp_path / "plain"
    assert not any(sealed_header(f) for f in files_of(plain))
    assert [r.sitting for r in read_ratings(plain)] == [r.sitting for r in read_ratings(sealed)]
    lock(store)
    with pytest.raises(KeyStoreError):
        read_ratings(sealed)
    with pytest.raises(KeyStoreError):
        RatingWriter(sealed, Sitting(rater="R1", whose=CLIENT))
    assert verify(sealed) == []


def test_a_withdrawal_takes_a_persons_ratings_and_leaves_those_of_both_to_the_other(
    sealed: Path, store: KeyStore
) -> None:
    steps = plan(sealed, Role.CLIENT)
    carry_out(sealed, Role.CLIENT, steps, "asked for it", store.path)
    assert [f.name for f in files_of(sealed)] == ["R1+2.xdf", "R2.xdf"]
    assert [str(r.sitting.whose) for r in read_ratings(sealed)] == ["dyad", "therapist"]
    assert verify(sealed) == []
    carry_out(sealed, Role.THERAPIST, plan(sealed, Role.THERAPIST), "asked for it", store.path)
    assert [f.name for f in files_of(sealed)] == []


def test_choices_are_sealed_rows_and_go_with_whom_they_are_of(sealed: Path, store: KeyStore) -> None:
    for code, whose in (("R1", CLIENT), ("R2", Whose(Role.THERAPIST)), ("R2", Whose(Role.DYAD))):
        append_choice(
            sealed,
            Choice(
                first=0.0, second=40.0, length=20.0, chosen="first", asked="more", rater=code, whose=whose
            ),
        )
    assert b"first" not in b"".join(f.read_bytes() for f in (sealed / "ratings").glob("*.jsonl"))
    assert len(read_choices(sealed)) == 3
    carry_out(sealed, Role.CLIENT, plan(sealed, Role.CLIENT), "asked for it", store.path)
    assert [str(c.whose) for c in read_choices(sealed)] == ["therapist", "dyad"]
    assert verify(sealed) == []
