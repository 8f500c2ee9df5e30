"""Joystick, dial and pedal: read by their own description, from end to end; what is not there is said."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.errors import AttunementError
from acquisition.ratings.files import RatingWriter, Sitting, read_ratings
from acquisition.ratings.whose import Whose
from acquisition.stream import Role
from tests.processing.simulated_hour import write_hour
from viewer.rating import hid_report
from viewer.rating.hid import open_hid
from viewer.rating.hid_report import controls
from viewer.rating.inputs import open_input
from viewer.rating.kinds import INPUTS, refuse_input
from viewer.rating.run import COUNTDOWN
from viewer.rating.scale import Scale
from viewer.rating.shown import Hour
from viewer.rating.window import RatingWindow
from viewer.theme import DARK

# A joystick of two axes of 10 bits, 12 buttons and a throttle, in one report without a number.
JOYSTICK = bytes.fromhex(
    "0501 0904 A101 A102 1500 26FF03 750A 9502 35000930 0931 8102"
    "0509 1901 290C 1500 2501 7501 950C 8102 0501 0936 1500 26FF00 7508 9501 8102 C0 C0".replace(" ", "")
)
# A game pad: report 3, 4 constant bits, 4 of a hat with an empty place, then X Y Z Rz of 8 bits (255 as FF).
PAD = bytes.fromhex(
    "0501 0905 A101 8503 7504 9501 8101 0939 1500 2507 8142"
    "0930 0931 0932 0935 1500 25FF 7508 9504 8102 C0".replace(" ", "")
)
# A dial: report 1, a button, 15 bits of relative turn.
KNOB = bytes.fromhex(
    "0501 090E A101 8501 A100 0509 0901 9501 7501 1500 2501 8102"
    "0501 0937 950175 0F 16F0F1 26100E 8106 C0 C0".replace(" ", "")
)
# A jog wheel of 8 bits that goes round, in a page of its maker's but for the wheel.
JOG = bytes.fromhex("06 00FF 0901 A101 0501 0938 1500 26FF00 7508 9501 810A C0".replace(" ", ""))
PEDAL = bytes.fromhex("050C 0903 A101 0509 1901 2903 1500 2501 9503 7501 8102 9505 8101 C0".replace(" ", ""))


class Handle:
    def __init__(self, descriptor: bytes) -> None:
        self.descriptor, self.reports, self.closed = descriptor, list[bytes](), False

    def open_path(self, path: bytes) -> None:
        if path == b"locked":
            raise OSError("open failed")

    def set_nonblocking(self, on: int) -> None:
        assert on

    def get_report_descriptor(self) -> list[int]:
        return list(self.descriptor)

    def read(self, longest: int) -> list[int]:
        if self.reports and self.reports[0] == b"gone":
            raise OSError("read error")
        return list(self.reports.pop(0)) if self.reports else []

    def close(self) -> None:
        self.closed = True


def plug(
    monkeypatch: pytest.MonkeyPatch, descriptor: bytes, *names: str, usage: tuple[int, int] = (1, 4)
) -> Handle:
    handle = Handle(descriptor)
    found = [
        {
            "path": f"{k}".encode() if name != "locked" else b"locked",
            "product_string": name,
            "vendor_id": 0x046D,
            "product_id": 0xC215,
            "usage_page": usage[0],
            "usage": usage[1],
        }
        for k, name in enumerate(names)
    ]
    library = SimpleNamespace(enumerate=lambda: found, device=lambda: handle)
    monkeypatch.setitem(sys.modules, "hidraw" if sys.platform == "linux" else "hid", library)
    return handle


def packed(*parts: tuple[int, int]) -> bytes:
    """Return a report of values and their sizes [bits], the first in the lowest bits."""
    whole, at = 0, 0
    for value, size in parts:
        whole |= (value & ((1 << size) - 1)) << at
        at += size
    return whole.to_bytes((at + 7) // 8, "little")


def joystick(x: int, y: int, throttle: int = 0) -> bytes:
    return packed((x, 10), (y, 10), (0, 12), (throttle, 8))


def test_a_description_says_where_each_control_lies() -> None:
    found = controls(JOYSTICK)
    assert [(c.usage, c.bit, c.size, c.low, c.high) for c in found if c.page == hid_report.DESKTOP] == [
        (hid_report.X, 0, 10, 0, 1023),
        (hid_report.Y, 10, 10, 0, 1023),
        (hid_report.SLIDER, 32, 8, 0, 255),
    ]
    assert [c.usage for c in found if c.page == hid_report.BUTTONS] == list(range(1, 13))
    pad = {c.usage: c for c in controls(PAD)}
    assert (pad[hid_report.RZ].report, pad[hid_report.RZ].bit, pad[hid_report.RZ].high) == (3, 32, 255)
    (wheel,) = controls(JOG)
    assert wheel.wraps and not wheel.relative


@given(st.binary(max_size=64), st.integers(0, 40), st.binary(max_size=20))
def test_no_description_and_no_report_does_harm(noise: bytes, cut: int, report: bytes) -> None:
    for descriptor in (noise, JOYSTICK[:cut] + noise, PAD[:cut] + noise):
        try:
            found = controls(descriptor)
        except AttunementError:
            continue
        for control in found:
            value = control.value(report)
            assert value is None or control.low <= value <= control.high


def test_a_stick_goes_from_end_to_end_and_up_is_more(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, JOYSTICK, "Attack 3")
    device, scale = open_hid("joystick", "", 2, bounded=True, steps=48), Scale(2)
    places = []
    for x, y in ((0, 1023), (1023, 0), (512, 511)):
        handle.reports = [joystick(x, y)]
        assert device.drive(scale)
        places.append(scale.values)
    assert places[:2] == [(-1.0, -1.0), (1.0, 1.0)]
    assert places[2] == pytest.approx((0.0, 0.0), abs=0.002)
    assert not device.drive(scale)


def test_with_one_axis_the_way_that_is_moved_first_sets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, JOYSTICK, "Attack 3")
    device, scale = open_hid("joystick", "", 1, bounded=True, steps=48), Scale(1)
    handle.reports = [joystick(512, 512, 255), joystick(530, 490, 255)]
    assert not device.drive(scale) and scale.values == (0.0,)  # it trembles: nothing is meant yet
    handle.reports = [joystick(512, 256, 255)]
    assert device.drive(scale) and scale.values[0] == pytest.approx(0.5, abs=0.01)
    handle.reports = [joystick(1023, 0, 0)]
    device.drive(scale)
    assert scale.values == (1.0,)


def test_a_stick_is_a_pace_where_there_are_no_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, PAD, "Pad", usage=(1, 5))
    device, scale = open_hid("joystick", "", 2, bounded=False, steps=48), Scale(2, bounded=False)
    handle.reports = [bytes([3, 8, 255, 128, 128, 128])]
    device.drive(scale)
    for _ in range(100):
        scale.advance(0.05)
    assert scale.values[0] == pytest.approx(4.0) and scale.values[1] == 0.0
    handle.reports = [bytes([3, 8, 131, 128, 128, 128])]  # at rest, a little beside its middle
    device.drive(scale)
    assert not scale.advance(1.0)


def test_another_report_and_one_cut_short_say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, PAD, "Pad")
    device, scale = open_hid("joystick", "", 2, bounded=True, steps=48), Scale(2)
    handle.reports = [bytes([4, 8, 255, 0, 0, 0]), bytes([3, 8])]
    assert not device.drive(scale) and scale.values == (0.0, 0.0)


def test_a_dial_is_counted_in_steps_and_comes_back_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, KNOB, "Dial", usage=(1, 0x0E))
    device, scale = open_hid("dial", "", 1, bounded=True, steps=100), Scale(1)
    handle.reports = [b"\x01" + packed((0, 1), (25, 15)), b"\x01" + packed((0, 1), (200, 15))]
    assert device.drive(scale) and scale.values == (1.0,)
    handle.reports = [b"\x01" + packed((0, 1), (-50, 15))]
    device.drive(scale)
    assert scale.values[0] == pytest.approx(0.0)


def test_a_wheel_that_goes_round_has_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, JOG, "Jog", usage=(0xFF00, 1))
    device, scale = open_hid("dial", "", 1, bounded=True, steps=100), Scale(1)
    handle.reports = [bytes([250])]
    assert not device.drive(scale)  # where it lies at first says nothing
    handle.reports = [bytes([254]), bytes([4])]
    device.drive(scale)
    assert scale.values[0] == pytest.approx(0.2)
    handle.reports = [bytes([250])]
    device.drive(scale)
    assert scale.values[0] == pytest.approx(0.0)


def test_a_pedal_is_more_while_it_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = plug(monkeypatch, PEDAL, "Infinity", usage=(0x0C, 3))
    device, scale = open_input("pedal", "Inf", 1, bounded=True, steps=48), Scale(1)
    assert device is not None
    for report, at in ((2, 1.0), (0, -1.0)):
        handle.reports = [bytes([report])]
        assert device.drive(scale) and scale.values == (at,)
    device.close()
    assert handle.closed


@pytest.mark.parametrize(
    ("names", "name", "said"),
    [
        ((), "", "0 are there \\(none\\)"),
        (("Attack 3", "Pad"), "", "2 are there \\(Attack 3, Pad\\)"),
        (("Attack 3", "Pad"), "x", "'x' fits 0 \\(Attack 3, Pad\\)"),
        (("locked",), "", "locked: cannot be opened"),
        (("", "Pad"), "046d", "has nothing for --input joystick and 1 axes \\(it has: buttons\\)"),
    ],
)
def test_what_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], name: str, said: str
) -> None:
    plug(monkeypatch, PEDAL, *names)
    with pytest.raises(AttunementError, match=said):
        open_hid("joystick", name, 1, bounded=True, steps=48)


def test_without_the_library_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("hid", "hidraw"):
        monkeypatch.setitem(sys.modules, module, None)
    for how in ("joystick", "dial"):
        with pytest.raises(AttunementError, match=r"pip install 'attunement\[rating\]'"):
            open_input(how, "", 1, bounded=True, steps=48)
    assert open_input("pedal", "", 1, bounded=True, steps=48) is None


@pytest.mark.parametrize(
    ("how", "axes", "bounded", "said"),
    [
        ("dial", 2, True, "for two: mouse, keyboard, midi, joystick"),
        ("pedal", 1, False, "without ends: mouse, keyboard, joystick, dial"),
        ("midi", 1, False, "without ends: mouse, keyboard, joystick, dial"),
    ],
)
def test_a_scale_that_an_input_cannot_move_is_refused(how: str, axes: int, bounded: bool, said: str) -> None:
    with pytest.raises(AttunementError, match=said):
        refuse_input(how, axes, bounded=bounded)
    assert how in INPUTS


def rated(qtbot: QtBot, recording: Path, how: str, **more: Any) -> tuple[RatingWindow, list[float]]:
    clock, sitting = [500.0], Sitting(rater=how, whose=Whose(Role.CLIENT), input=how)
    writer = RatingWriter(recording, sitting)
    window = RatingWindow(
        writer, sitting, Hour(100.0, 400.0), DARK, start=100.0, now=lambda: clock[0], **more
    )
    window._timer.stop()
    qtbot.addWidget(window)
    window.go_on()
    clock[0] += COUNTDOWN
    window.look()
    return window, clock


def test_a_pedal_that_is_a_key_is_kept_with_its_moments(qtbot: QtBot, tmp_path: Path) -> None:
    recording = write_hour(tmp_path / "S", past=0.1, minutes=5.0)
    window, clock = rated(qtbot, recording, "pedal")
    for seconds, act in ((1.0, qtbot.keyPress), (2.0, qtbot.keyRelease), (1.0, None)):
        for _ in range(round(seconds / 0.05)):
            clock[0] += 0.05
            window.look()
        if act is not None:
            act(window, Qt.Key.Key_B)
    window.close()
    (found,) = read_ratings(recording)
    down = found.times[found.values[:, 0] > 0]
    assert (found.values[0, 0], found.values[-1, 0]) == (-1.0, -1.0)
    assert (down[0], down[-1]) == pytest.approx((101.0, 103.0), abs=0.051)


def test_a_device_that_is_gone_pauses_and_says_so(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = write_hour(tmp_path / "S", past=0.1, minutes=5.0)
    handle = plug(monkeypatch, JOYSTICK, "Attack 3")
    device = open_hid("joystick", "", 1, bounded=True, steps=48)
    window, clock = rated(qtbot, recording, "joystick", device=device)
    handle.reports = [joystick(512, 512), joystick(1023, 512)]
    for _ in range(20):
        clock[0] += 0.05
        window.look()
    handle.reports = [b"gone"]
    clock[0] += 0.05
    window.look()
    assert window.run.state == "paused" and "Attack 3: is gone" in window.page.said
    window.go_on()
    assert window.run.state == "paused"
    window.close()
    (found,) = read_ratings(recording)
    assert found.values[-1, 0] == 1.0 and found.times[-1] >= 100.95
