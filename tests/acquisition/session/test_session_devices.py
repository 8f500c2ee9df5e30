"""Other devices in a session file: what else stands there stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.errors import SessionError
from acquisition.session.devices import write_devices
from acquisition.session.session import Device
from acquisition.session.toml import load_session
from acquisition.stream import Role

HEAD = """\
# Third hour of this pair.
[session]
id = "D07_S03"
crisis_contact = "duty clinician, ext. 4400"   # by telephone

[client]
code = "C07"
consent = { version = "2026-10", ecg = true, eda = true }
[therapist]
code = "T02"
consent = { version = "2026-10", ecg = true, eda = true }
"""
OLD = """
[[device]]
role = "client"
profile = "polar_h10"
address = "C7:4C:DA:51:37:51"
[device.settings]
acc_range = 4

[lsl]
publish = [
  "ecg",
]
"""
NEW = (
    Device(role=Role.CLIENT, profile="polar_h10", address="C7:4C:DA:51:37:52", settings={"acc_range": 8}),
    Device(role=Role.THERAPIST, profile="lsl_eda", source_id='odd "id"', channel="EDA", unit="uS"),
)


@pytest.mark.parametrize("before", [HEAD, HEAD + OLD], ids=["without devices", "with devices"])
def test_devices_are_replaced_and_the_rest_stays(tmp_path: Path, before: str) -> None:
    path = tmp_path / "session.toml"
    path.write_text(before, "utf-8")
    write_devices(path, NEW)
    session = load_session(path)
    assert session.devices == NEW
    text = path.read_text("utf-8")
    assert text.startswith(HEAD.rstrip()) and "acc_range = 4" not in text
    assert session.lsl.publish == (("ecg",) if OLD in before else ())
    assert [p.name for p in tmp_path.iterdir()] == ["session.toml"]
    write_devices(path, NEW)
    assert path.read_text("utf-8") == text


def test_devices_that_do_not_go_with_the_session_leave_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "session.toml"
    path.write_text(HEAD + OLD, "utf-8")
    with pytest.raises(SessionError, match="also bound by device 1"):
        write_devices(
            path, (NEW[0], Device(role=Role.THERAPIST, profile="polar_h10", address=NEW[0].address))
        )
    assert path.read_text("utf-8") == HEAD + OLD


def test_a_layout_that_lines_cannot_follow_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "session.toml"
    path.write_text('device = [{ role = "client", profile = "polar_h10", name = "a" }]\n' + HEAD, "utf-8")
    write_devices(path, NEW)
    session = load_session(path)
    assert session.devices == NEW and session.crisis_contact == "duty clinician, ext. 4400"
