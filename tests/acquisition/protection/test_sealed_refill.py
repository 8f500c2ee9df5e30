"""What is fetched afterwards for a sealed recording is sealed, unsealed, withdrawn and verified with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import KeyStoreError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.unlocked import lock
from acquisition.protection.unseal import unseal
from acquisition.protection.vault import new_keys, sealed_header
from acquisition.protection.withdrawal import carry_out, plan
from acquisition.recording.identity import new_id
from acquisition.recording.recording import Recording
from acquisition.recording.refill import refill_name
from acquisition.recording.verify import verify
from acquisition.refilling.refilling import refill
from acquisition.stream import Role
from tests.acquisition.refilling.synthetic import card, written
from tests.acquisition.refilling.test_placing import read


@pytest.fixture
def sealed(store: KeyStore, tmp_path: Path) -> Path:
    keys = new_keys(new_id(), {Role.CLIENT: "C01", Role.THERAPIST: "T01"})
    path = written(tmp_path / "sealed", keys=keys)
    (done,) = refill(path, folder=card(tmp_path / "card"))
    assert done.left == 0
    return path


def test_it_is_sealed_read_and_unsealed(sealed: Path, tmp_path: Path, store: KeyStore) -> None:
    file = sealed / refill_name(Role.CLIENT)
    header = sealed_header(file)
    assert header is not None
    assert (header.role, header.recording) == ("client", Recording(sealed).session.recorded.id)  # type: ignore[union-attr]
    assert b"Shimmer" not in file.read_bytes()
    assert verify(sealed) == []
    times, _ = read(sealed)
    assert np.diff(times).max() < 0.021
    done = {one.file: one.said for one in unseal(sealed, tmp_path / "plain")}
    assert done[refill_name(Role.CLIENT)] == "plain"
    assert sealed_header(tmp_path / "plain" / refill_name(Role.CLIENT)) is None
    assert np.array_equal(read(tmp_path / "plain")[0], times)
    assert verify(tmp_path / "plain") == []
    lock(store)
    with pytest.raises(KeyStoreError):
        refill(sealed, folder=tmp_path / "card")


def test_it_goes_with_its_person(sealed: Path, store: KeyStore) -> None:
    steps = plan(sealed, Role.CLIENT)
    assert sealed / refill_name(Role.CLIENT) in {s.path for s in steps}
    carry_out(sealed, Role.CLIENT, steps, "asked for it", store.path)
    assert not (sealed / refill_name(Role.CLIENT)).exists()
    assert verify(sealed) == []
