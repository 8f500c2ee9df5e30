"""A MIDI fader: its place is that on the scale; what is not there is said in a line."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from acquisition.errors import AttunementError
from viewer.rating.fader import Fader, open_fader


class Port:
    def __init__(self, *messages: Any) -> None:
        self.messages = list(messages)

    def iter_pending(self) -> list[Any]:
        out, self.messages = self.messages, []
        return out

    def close(self) -> None:
        self.messages = []


def control(number: int, value: int) -> SimpleNamespace:
    return SimpleNamespace(type="control_change", channel=0, control=number, value=value)


def test_the_first_control_sets_the_first_axis_and_the_last_word_counts() -> None:
    port = Port(control(7, 127), control(1, 0), control(7, 0), SimpleNamespace(type="note_on"), control(9, 5))
    fader = Fader(port, 2)
    assert fader.poll() == [-1.0, -1.0]
    assert fader.poll() == [None, None]
    port.messages = [control(7, 127)]
    assert fader.poll() == [1.0, None]


def test_a_wheel_of_14_bits_goes_from_end_to_end() -> None:
    ends = [SimpleNamespace(type="pitchwheel", channel=0, pitch=p) for p in (-8192, 8191)]
    assert [Fader(Port(end), 1).poll() for end in ends] == [[-1.0], [1.0]]


@pytest.mark.parametrize(
    ("names", "name", "said"),
    [
        (None, "", r"attunement\[rating\]"),
        ([], "", "one MIDI input is needed, 0 are there"),
        (["nano", "wheel"], "", "2 are there"),
        (["nano", "wheel"], "x", "'x' fits 0"),
    ],
)
def test_what_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, names: list[str] | None, name: str, said: str
) -> None:
    module = None if names is None else SimpleNamespace(get_input_names=lambda: names)
    monkeypatch.setitem(sys.modules, "mido", module)
    with pytest.raises(AttunementError, match=said):
        open_fader(name, 1)


def test_the_one_that_is_meant_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def opened(name: str) -> Port:
        assert name == "wheel 1"
        return Port(control(1, 127))

    module = SimpleNamespace(get_input_names=lambda: ["nano", "wheel 1"], open_input=opened)
    monkeypatch.setitem(sys.modules, "mido", module)
    fader = open_fader("wheel", 1)
    assert fader.poll() == [1.0]
    fader.close()
