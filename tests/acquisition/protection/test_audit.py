"""The audit log: every act that concerns a recording, in a chain that shows what was changed or cut."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.cli import main
from acquisition.errors import RecordingError
from acquisition.protection.audit import ACTS, AUDIT_NAME, anchored, entries, head_of, keep
from acquisition.protection.keystore import KeyStore


def filled(path: Path, n: int = 6) -> list[str]:
    """Write a log of n lines into a directory that looks like a store."""
    path.mkdir(exist_ok=True)
    (path / "store.json").write_text("{}")
    (path / AUDIT_NAME).unlink(missing_ok=True)
    for k in range(n):
        assert keep("exported", f"recording {k}", store=path, to="bids")
    return (path / AUDIT_NAME).read_text("utf-8").splitlines()


def test_nothing_is_kept_where_there_is_no_store(tmp_path: Path) -> None:
    assert not keep("viewed", "r", store=tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecordingError, match="no audit log is there"):
        entries(tmp_path)


def test_who_did_what_when(tmp_path: Path) -> None:
    filled(tmp_path / "s")
    found, faults = entries(tmp_path / "s")
    assert faults == []
    assert [(e.number, e.act, e.about, e.more) for e in found][5] == (
        5,
        "exported",
        "recording 5",
        {"to": "bids"},
    )
    assert found[0].before == "0" * 64
    assert found[0].when.endswith("+00:00")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.sampled_from(["flip", "drop", "swap", "repeat", "forge"]))
def test_whatever_is_changed_inside_shows(tmp_path: Path, rng: random.Random, how: str) -> None:
    store = tmp_path / "s"
    lines = filled(store)
    k = rng.randrange(len(lines) - 1)
    if how == "flip":
        data = bytearray(lines[k].encode())
        data[rng.randrange(len(data))] ^= rng.randrange(1, 128)
        lines[k] = data.decode("utf-8", "replace").replace("\n", "?").replace("\r", "?")
    elif how == "drop":
        del lines[k]
    elif how == "swap":
        lines[k], lines[k + 1] = lines[k + 1], lines[k]
    elif how == "repeat":
        lines.insert(k, lines[k])
    else:
        row = json.loads(lines[k])
        lines[k] = json.dumps(row | {"who": "somebody else"})
    (store / AUDIT_NAME).write_text("".join(line + "\n" for line in lines), "utf-8")
    assert entries(store)[1]


@pytest.mark.parametrize(
    ("old", "new"),
    [(", ", ",\t"), ("{", "{ "), ("}", "}\r"), ("export", "\\u0065xport"), ('"n": 2', '"n": 1, "n": 2')],
)
def test_a_line_that_says_the_same_in_other_bytes_was_changed(tmp_path: Path, old: str, new: str) -> None:
    lines = filled(tmp_path)
    other = lines[2].replace(old, new, 1)
    assert json.loads(other) == json.loads(lines[2]) and other != lines[2]
    (tmp_path / AUDIT_NAME).write_bytes("".join(f"{x}\n" for x in [*lines[:2], other, *lines[3:]]).encode())
    assert entries(tmp_path)[1][0] == "line 3: cannot be read, or was changed"


def test_a_recording_whose_name_would_end_a_line_elsewhere_is_one_line_of_the_log(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    names = ["a\u2028b", "a\x85b", "a\x0cb"]
    assert all(keep("viewed", name, store=tmp_path) for name in names)
    found, faults = entries(tmp_path)
    assert faults == []
    assert [entry.about for entry in found[1:]] == names


def test_a_folder_whose_name_is_no_text_is_logged_all_the_same(tmp_path: Path) -> None:
    filled(tmp_path, 1)
    assert keep("viewed", tmp_path / "r\udcff", store=tmp_path)
    assert [entry.about for entry in entries(tmp_path)[0]] == ["recording 0", "r\ufffd"]


def test_who_has_no_account_on_the_machine_is_logged_by_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that runs under the number of who started it."""

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 54321")

    filled(tmp_path, 1)
    monkeypatch.setattr("getpass.getuser", nobody)
    monkeypatch.setattr("os.getuid", lambda: 54321, raising=False)
    assert keep("viewed", "r", store=tmp_path)
    assert entries(tmp_path)[0][-1].who == "uid 54321"


def test_every_act_is_one_that_somebody_writes_down() -> None:
    root = Path(__file__).resolve().parents[3]
    sources = [p for name in ("acquisition", "processing", "viewer") for p in (root / name).rglob("*.py")]
    written = {act for p in sources for act in re.findall(r'keep\(\s*"([a-z ]+)"', p.read_text("utf-8"))}
    assert written == set(ACTS)


def test_a_spoilt_last_line_stays_to_be_named_and_the_log_goes_on(tmp_path: Path) -> None:
    store = tmp_path / "s"
    lines = filled(store)
    lines[-1] = lines[-1].replace('"act": "exported"', "act gone")
    (store / AUDIT_NAME).write_text("".join(line + "\n" for line in lines), "utf-8")
    assert keep("viewed", "later", store=store) and keep("viewed", "later still", store=store)
    found, faults = entries(store)
    assert [e.number for e in found] == [0, 1, 2, 3, 4, 6, 7]
    assert faults == ["line 6: cannot be read, or was changed"]


def test_a_long_log_is_not_read_to_write_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = tmp_path / "s"
    line = filled(store, 1)[0]
    log = store / AUDIT_NAME
    log.write_text("x" * 500_000 + "\n" + line + "\n", "utf-8")
    read, plain_read = 0, os.read

    def counted(fd: int, n: int) -> bytes:
        nonlocal read
        data = plain_read(fd, n)
        read += len(data)
        return data

    monkeypatch.setattr("acquisition.events.overlay_file.os.read", counted)
    assert keep("viewed", "r", store=store)
    assert 0 < read < 300_000
    assert json.loads(log.read_text("utf-8").splitlines()[-1])["n"] == 1


def test_a_cut_end_shows_by_a_head_that_was_printed(tmp_path: Path) -> None:
    store = tmp_path / "s"
    lines = filled(store)
    head = head_of(entries(store)[0])
    keep("viewed", "later", store=store)
    assert anchored(entries(store)[0], head) == ""
    (store / AUDIT_NAME).write_text("".join(line + "\n" for line in lines[:4]), "utf-8")
    assert entries(store)[1] == []
    assert "its end was cut" in anchored(entries(store)[0], head)
    for k in range(4):
        keep("viewed", f"other {k}", store=store)
    assert "was rewritten" in anchored(entries(store)[0], head)
    with pytest.raises(RecordingError, match="no head of an audit log"):
        anchored([], "6:abc")


def test_a_torn_last_line_is_no_fault(tmp_path: Path) -> None:
    store = tmp_path / "s"
    filled(store)
    with (store / AUDIT_NAME).open("a") as file:
        file.write('{"n": 6, "when"')
    assert keep("viewed", "next", store=store)
    found, faults = entries(store)
    assert faults == []
    assert [e.number for e in found] == list(range(7))


def test_the_commands(store: KeyStore) -> None:
    run = CliRunner()
    keep("viewed", "one")
    assert run.invoke(main, ["keys", "lock"]).exit_code == 0
    shown = run.invoke(main, ["audit", "show"]).output
    assert ": viewed one" in shown
    assert ": store locked" in shown
    head = run.invoke(main, ["audit", "anchor"]).output.strip()
    good = run.invoke(main, ["audit", "verify", "--head", head])
    assert good.exit_code == 0, good.output
    assert (
        json.loads(run.invoke(main, ["audit", "show", "--recording", "one", "--json"]).output)[0]["act"]
        == "viewed"
    )
    log = store.path / AUDIT_NAME
    log.write_text(log.read_text().replace("viewed", "edited"))
    bad = run.invoke(main, ["audit", "verify"])
    assert bad.exit_code == 1
    assert "line 1: cannot be read, or was changed" in bad.output
    assert run.invoke(main, ["audit", "anchor"]).exit_code == 1
