"""What a therapist keeps for themselves: no key but their own opens it, and nothing that reports reads it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from acquisition.errors import KeyStoreError
from acquisition.protection.keystore import KeyStore
from acquisition.protection.private_page import ENVIRONMENT, KEPT, PrivatePage, place_of
from viewer.setup.self_check_command import self_check_command

OWN = "my very own passphrase"
SAID = {"Settled now": {"value": 7}, "Boundaries clear": {"words": "a hard call"}}


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PrivatePage:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "private"))
    made = PrivatePage(place_of("T02"))
    made.make(OWN)
    for _ in range(3):
        made.keep(SAID)
    return made


def test_the_own_passphrase_opens_it_and_no_secret_of_the_laboratory(
    page: PrivatePage, store: KeyStore
) -> None:
    entries, faults = page.read(OWN)
    assert [entry.said for entry in entries] == [SAID] * 3 and faults == []
    with pytest.raises(KeyStoreError, match="not the passphrase"):
        page.read("correct horse battery")
    assert [f.name for f in store.path.rglob("*") if "T02" in f.name] == []
    files = [f for f in page.path.iterdir() if f.is_file()]
    assert not any(word in f.read_bytes() for f in files for word in (b"Settled", b"hard call"))
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}


def test_what_is_changed_moved_or_cut_is_named(page: PrivatePage) -> None:
    file = page.path / KEPT
    lines = file.read_bytes().splitlines(keepends=True)
    for content, faults in (
        ([lines[1], lines[2]], ["line 1: does not follow the line before"]),
        ([lines[0], lines[2]], ["line 2: does not follow the line before"]),
        ([lines[0], b"x" + lines[1]], ["line 2: does not open: it was changed, or cut off"]),
    ):
        file.write_bytes(b"".join(content))
        assert page.read(OWN)[1] == faults


def test_a_page_is_never_made_over_another_and_goes_when_asked(page: PrivatePage) -> None:
    with pytest.raises(KeyStoreError, match="is there already"):
        page.make(OWN)
    page.erase()
    assert not page.path.exists() and not page.made
    with pytest.raises(KeyStoreError, match="no page can be written to"):
        page.keep(SAID)
    with pytest.raises(KeyStoreError, match="is no code"):
        place_of("../T02")


def test_read_and_forgotten_from_a_terminal(page: PrivatePage, tmp_path: Path) -> None:
    (tmp_path / "own").write_text(OWN + "\n")
    run = CliRunner()
    ask = ["--therapist", "T02", "--passphrase-file", str(tmp_path / "own")]
    told = run.invoke(self_check_command, ["--read", *ask])
    assert told.exit_code == 0 and told.output.count("Settled now: 7") == 3
    assert run.invoke(self_check_command, ["--read"]).exit_code == 2
    assert run.invoke(self_check_command, ["--forget", "--therapist", "T02"]).exit_code == 2
    assert run.invoke(self_check_command, ["--forget", "--yes", "--therapist", "T02"]).exit_code == 0
    left = run.invoke(self_check_command, ["--read", *ask])
    assert left.exit_code == 1 and "nothing is kept for T02" in left.output
    assert not os.path.exists(page.path)
