"""The commands of the correction editor, one row each; `viewer.commands` lists them with all others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from viewer.command import CORRECTED, Command, Do

if TYPE_CHECKING:
    from viewer.corrections.page import CorrectionPage
    from viewer.operator import Operator

BEATS = "Correct beats"


def _beats(act: Callable[[CorrectionPage], object]) -> Do:
    return lambda w: w.reviewing is not None and w.reviewing.beats is not None and act(w.reviewing.beats)


def _reason(k: int) -> Do:
    return _beats(lambda page: page.reason(k))


def _leave(window: Operator) -> None:
    """Go out of what is open: the keys, a stretch that was begun, a box, the editor."""
    if window.keys.overlay is not None:
        window.keys.hide()
    elif window.reviewing is not None and window.reviewing.beats is not None:
        window.reviewing.beats.leave_or_drop()


# fmt: off
BY_HAND: tuple[Command, ...] = (
    Command(name="correct_next", group=BEATS, faces=CORRECTED, keys=(".",), repeats=True,
            text="next doubtful place that is not done",
            do=_beats(lambda p: p.place(1))),
    Command(name="correct_previous", group=BEATS, faces=CORRECTED, keys=(",",), repeats=True,
            text="the one before",
            do=_beats(lambda p: p.place(-1))),
    Command(name="correct_keep", group=BEATS, faces=CORRECTED, keys=("Return", "Enter"), shown="Enter",
            text="notes that the place is right as it is, and goes to the next",
            do=_beats(lambda p: p.acts.keep())),
    Command(name="correct_beat_back", group=BEATS, faces=CORRECTED, keys=("[",), repeats=True,
            text="chooses the beat or response before the cursor",
            do=_beats(lambda p: p.beat(-1))),
    Command(name="correct_beat_on", group=BEATS, faces=CORRECTED, keys=("]",), repeats=True,
            text="chooses the one after it",
            do=_beats(lambda p: p.beat(1))),
    Command(name="correct_insert", group=BEATS, faces=CORRECTED, keys=("I",),
            text="inserts a beat at the R wave near the cursor",
            do=_beats(lambda p: p.acts.insert())),
    Command(name="correct_insert_here", group=BEATS, faces=CORRECTED, keys=("Alt+I",),
            text="inserts it exactly at the cursor",
            do=_beats(lambda p: p.acts.insert(keep=True))),
    Command(name="correct_move", group=BEATS, faces=CORRECTED, keys=("V",),
            text="moves the chosen beat to the R wave near the cursor",
            do=_beats(lambda p: p.acts.move())),
    Command(name="correct_move_here", group=BEATS, faces=CORRECTED, keys=("Alt+V",),
            text="moves it exactly to the cursor",
            do=_beats(lambda p: p.acts.move(keep=True))),
    Command(name="correct_delete", group=BEATS, faces=CORRECTED, keys=("X", "Delete"),
            text="deletes the chosen beat",
            do=_beats(lambda p: p.acts.delete())),
    Command(name="correct_reject", group=BEATS, faces=CORRECTED, keys=("R",),
            text="rejects the chosen beat (voids both intervals) or response",
            do=_beats(lambda p: p.acts.reject())),
    Command(name="correct_restore", group=BEATS, faces=CORRECTED, keys=("U",),
            text="takes back what was done to it, whenever that was",
            do=_beats(lambda p: p.acts.restore())),
    Command(name="correct_mark", group=BEATS, faces=CORRECTED, keys=("M",),
            text="begins a stretch that is an artefact, and ends it",
            do=_beats(lambda p: p.acts.mark())),
    Command(name="correct_mark_place", group=BEATS, faces=CORRECTED, keys=("Shift+M",),
            text="marks all of the doubtful place",
            do=_beats(lambda p: p.acts.mark_place("mark"))),
    Command(name="correct_accept", group=BEATS, faces=CORRECTED, keys=("A",),
            text="begins a stretch that counts whatever the gates say, and ends it",
            do=_beats(lambda p: p.acts.accept())),
    Command(name="correct_accept_place", group=BEATS, faces=CORRECTED, keys=("Shift+A",),
            text="accepts all of the doubtful place",
            do=_beats(lambda p: p.acts.mark_place("accept"))),
    Command(name="correct_begin", group=BEATS, faces=CORRECTED, keys=("B",),
            text="puts the beginning of the stretch at the cursor",
            do=_beats(lambda p: p.acts.edge("start"))),
    Command(name="correct_end", group=BEATS, faces=CORRECTED, keys=("E",), text="puts its end there",
            do=_beats(lambda p: p.acts.edge("stop"))),
    Command(name="correct_clear", group=BEATS, faces=CORRECTED, keys=("C",),
            text="takes back the stretch at the cursor",
            do=_beats(lambda p: p.acts.clear())),
    Command(name="correct_undo", group=BEATS, faces=CORRECTED, keys=("Ctrl+Z",), repeats=True,
            text="undoes your last act, also one of an earlier day",
            do=_beats(lambda p: p.acts.undo())),
    Command(name="correct_redo", group=BEATS, faces=CORRECTED, keys=("Ctrl+Y", "Ctrl+Shift+Z"), repeats=True,
            text="does it again",
            do=_beats(lambda p: p.acts.redo())),
    Command(name="correct_reason", group=BEATS, faces=CORRECTED, shown="Ctrl + 1 … 9",
            text="chooses a reason of the list; Ctrl + 0: none"),
    *(Command(name=f"digit_reason_{k}", group=BEATS, faces=CORRECTED, keys=(f"Ctrl+{k}",), text="",
            do=_reason(k)) for k in range(10)),
    Command(name="correct_who", group=BEATS, faces=CORRECTED, keys=("F2",),
            text="into the box of who corrects; Enter leaves it",
            do=_beats(lambda p: p.ask_who())),
    Command(name="correct_page_back", group=BEATS, faces=CORRECTED, keys=("Left",), text="half a page back",
            repeats=True,
            do=_beats(lambda p: p.turn_page(-0.5))),
    Command(name="correct_page_on", group=BEATS, faces=CORRECTED, keys=("Right",), text="half a page on",
            repeats=True,
            do=_beats(lambda p: p.turn_page(0.5))),
    Command(name="correct_step_back", group=BEATS, faces=CORRECTED, keys=("Shift+Left",), repeats=True,
            text="the cursor 0.1 s back",
            do=_beats(lambda p: p.step(-0.1))),
    Command(name="correct_step_on", group=BEATS, faces=CORRECTED, keys=("Shift+Right",), repeats=True,
            text="0.1 s on",
            do=_beats(lambda p: p.step(0.1))),
    Command(name="correct_fine_back", group=BEATS, faces=CORRECTED, keys=("Ctrl+Left",), repeats=True,
            text="the cursor 0.01 s back",
            do=_beats(lambda p: p.step(-0.01))),
    Command(name="correct_fine_on", group=BEATS, faces=CORRECTED, keys=("Ctrl+Right",), repeats=True,
            text="0.01 s on",
            do=_beats(lambda p: p.step(0.01))),
    Command(name="correct_first", group=BEATS, faces=CORRECTED, keys=("Home",), text="the beginning",
            do=_beats(lambda p: p.go_to(0.0))),
    Command(name="correct_last", group=BEATS, faces=CORRECTED, keys=("End",), text="the end",
            do=_beats(lambda p: p.go_to(p.strip.length))),
    Command(name="correct_shorter", group=BEATS, faces=CORRECTED, keys=("Ctrl++",), text="a shorter page",
            do=_beats(lambda p: p.longer(-1))),
    Command(name="correct_longer", group=BEATS, faces=CORRECTED, keys=("Ctrl+-",), text="a longer page",
            do=_beats(lambda p: p.longer(1))),
    Command(name="correct_person", group=BEATS, faces=CORRECTED, keys=("Tab",), text="the other person",
            do=_beats(lambda p: p.other_person())),
    Command(name="correct_signal", group=BEATS, faces=CORRECTED, keys=("S",),
            text="the other signal: heart or skin",
            do=_beats(lambda p: p.other_signal())),
    Command(name="correct_list", group=BEATS, faces=CORRECTED, keys=("Ctrl+L",),
            text="into the list of doubtful places; Esc leaves it",
            do=_beats(lambda p: p.frame.places.setFocus())),
    Command(name="correct_leave", group=BEATS, faces=CORRECTED, keys=("Esc",),
            text="drops a stretch that was begun, leaves a box, closes",
            do=_leave),
)
# fmt: on
