"""The commands of the window, one row each: what it does, its keys, its words, and where it is allowed.

Shortcuts, menus, the overlay of F1 and the tables of keys in docs/window.md and docs/review.md are made of
these rows and of nothing else. The keys of markers are those of the vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from processing.indices import INDICES, VAGAL
from viewer.command import (
    CORRECTED,
    CUED,
    EDITED,
    JOINT,
    LANES,
    LISTED,
    LIVE,
    OPEN,
    Command,
    Do,
    Face,
    spoken,
)
from viewer.corrections.commands import BY_HAND

if TYPE_CHECKING:
    from viewer.live.desk import Desk
    from viewer.operator import Operator
    from viewer.review.cued import CuedReview
    from viewer.review.joint import JointBar
    from viewer.review.review import Review

MARK, LOOK, WINDOW, EDIT, ASK, BOTH = "Mark", "Look", "Window", "Edit", "Cued review", "Joint replay"


def _desk(act: Callable[[Desk], object]) -> Do:
    return lambda w: w.desk is not None and act(w.desk)


def _review(act: Callable[[Review], object]) -> Do:
    return lambda w: w.review is not None and act(w.review)


def _cued(act: Callable[[CuedReview], object]) -> Do:
    return lambda w: w.reviewing is not None and w.reviewing.page is not None and act(w.reviewing.page)


def _digit(k: int) -> Do:
    return _cued(lambda page: page.digit(k))


def _joint(act: Callable[[JointBar], object]) -> Do:
    return lambda w: w.reviewing is not None and w.reviewing.bar is not None and act(w.reviewing.bar)


def _turn(face: Literal["cued", "joint", "corrections"]) -> Do:
    return lambda w: None if w.reviewing is None else w.reviewing.turn(w, face)


def _filmed(window: Operator) -> bool:
    return window.beside.has_video


def _longer(steps: int) -> Do:
    """Take the next longer time axis, or a shorter one."""

    def do(window: Operator) -> None:
        length = window.panel.strip.length
        length.setCurrentIndex(min(max(length.currentIndex() + steps, 0), length.count() - 1))

    return do


def _end(window: Operator) -> None:
    if window.model.state == "growing":
        window.panel.go_live()
    else:
        window.panel.go_to(window.model.elapsed)


def _leave(window: Operator) -> None:
    """Go out of what is open: the keys, a face of the review, a box."""
    if window.keys.overlay is not None:
        window.keys.hide()
    elif window.reviewing is not None and window.face in ("cued", "joint"):
        window.reviewing.turn(window, "list")
    elif window.desk is not None and window.face == "live":
        window.desk.leave()
    else:
        window.panel.setFocus()


# fmt: off
COMMANDS: tuple[Command, ...] = (
    Command(name="marker", group=MARK, faces=LIVE, shown="a marker's key",
            text="marks now; an interval's first press begins it, the second ends it"),
    Command(name="marker_ago", group=MARK, faces=LIVE, shown="Shift + a marker's key",
            text="the same, about 10 s ago"),
    Command(name="value", group=MARK, faces=LIVE, shown="then text or a number, Enter",
            text="the value of a marker that takes one"),
    Command(name="number", group=MARK, faces=LIVE, shown="digits, Enter on the number pad",
            text="suds with that value, 0-100"),
    Command(name="note", group=MARK, faces=LIVE, keys=("Return",),
            text="into the note box, and stores the note",
            do=_desk(lambda d: d.enter())),
    Command(name="undo", group=MARK, faces=LIVE, keys=("Ctrl+Z",),
            text="voids the last marker; again, the one before",
            do=_desk(lambda d: d.undo())),
    Command(name="markers", group=MARK, faces=LIVE, keys=("F4",),
            text="lists all markers, also those without a key",
            do=lambda w: w.choose_marker()),
    Command(name="pause_client", group=MARK, faces=LIVE, keys=("F12",), text="pauses or resumes the client",
            do=_desk(lambda d: d.pause("client"))),
    Command(name="pause_therapist", group=MARK, faces=LIVE, keys=("Ctrl+F12",),
            text="pauses or resumes the therapist",
            do=_desk(lambda d: d.pause("therapist"))),
    Command(name="confirm", group=MARK, faces=LIVE, keys=("Ctrl+K",),
            text="confirms or refuses a stream that waits; asks first",
            do=_desk(lambda d: d.ask_doubt())),
    Command(name="swap", group=MARK, faces=LIVE, keys=("Ctrl+Shift+X",),
            menu="Devices: client ⇄ therapist…",
            text="exchanges the devices of client and therapist; asks first",
            do=_desk(lambda d: d.ask_swap())),
    Command(name="replace", group=MARK, faces=LIVE, keys=("Ctrl+Shift+R",),
            menu="Devices: replace one…",
            text="puts a new device in the place of another; asks first",
            do=_desk(lambda d: d.ask_replacement())),
    Command(name="stop", group=MARK, faces=LIVE, keys=("Ctrl+Shift+Q",),
            text="ends the recording; asks first",
            do=_desk(lambda d: d.ask_stop())),
    Command(name="keys_mark", group=MARK, faces=LISTED, shown="a marker's key",
            text="adds it at the cursor, while Keys mark is ticked"),

    Command(name="play", group=LOOK, faces=LANES, keys=("Space",), text="lets the cursor run, or stops it",
            do=lambda w: w.play_or_pause()),
    Command(name="faster", group=LOOK, faces=EDITED, keys=("+",), text="faster, up to × 16",
            do=_review(lambda r: r.faster(1))),
    Command(name="slower", group=LOOK, faces=EDITED, keys=("-",), text="slower, down to × 0.25",
            do=_review(lambda r: r.faster(-1))),
    Command(name="half_back", group=LOOK, faces=LANES, keys=("Left",), text="half a page back", repeats=True,
            do=lambda w: w.panel.step(-0.5)),
    Command(name="half_on", group=LOOK, faces=LANES, keys=("Right",), text="half a page on", repeats=True,
            do=lambda w: w.panel.step(0.5)),
    Command(name="second_back", group=LOOK, faces=EDITED, keys=("Shift+Left",), text="one second back",
            repeats=True,
            do=_review(lambda r: r.step(-1.0))),
    Command(name="second_on", group=LOOK, faces=EDITED, keys=("Shift+Right",), text="one second on",
            repeats=True,
            do=_review(lambda r: r.step(1.0))),
    Command(name="previous", group=LOOK, faces=LANES, keys=("[",), text="previous event",
            do=lambda w: w.panel.jump(-1)),
    Command(name="next", group=LOOK, faces=LANES, keys=("]",), text="next event",
            do=lambda w: w.panel.jump(1)),
    Command(name="begin", group=LOOK, faces=EDITED, keys=("Home",), text="the beginning",
            do=lambda w: w.panel.go_to(0.0)),
    Command(name="end", group=LOOK, faces=LANES, keys=("End",), text="the newest second; in a review the end",
            do=_end),
    Command(name="picture_back", group=LOOK, faces=EDITED, keys=(",",), text="one picture of the video back",
            when=_filmed, repeats=True,
            do=lambda w: w.beside.step_video(-1)),
    Command(name="picture_on", group=LOOK, faces=EDITED, keys=(".",), text="one picture of the video on",
            when=_filmed, repeats=True,
            do=lambda w: w.beside.step_video(1)),
    Command(name="shorter", group=LOOK, faces=LANES, keys=("Ctrl++",), text="a shorter time axis",
            do=_longer(-1)),
    Command(name="longer", group=LOOK, faces=LANES, keys=("Ctrl+-",), text="a longer time axis",
            do=_longer(1)),
    Command(name="list", group=LOOK, faces=LISTED, keys=("Ctrl+L",), text="into the list of events",
            do=_review(lambda r: r.to_list())),
    Command(name="filter", group=LOOK, faces=LISTED, keys=("Ctrl+F",), text="into the filter of the list",
            do=_review(lambda r: r.to_filter())),

    Command(name="lanes", group=WINDOW, faces=OPEN | LISTED, keys=("Ctrl+L",),
            other={"review": (), "blind": ()},
            menu="Order, heights and scales of lanes…", text="which lanes, in which order, height and scale",
            do=lambda w: w.beside.show_lanes()),
    Command(name="set_up", group=WINDOW, faces=OPEN | LISTED, keys=("F2",), other={"review": (), "blind": ()},
            menu="Set-up: baselines, devices, taps", text="set-up: baselines, devices, taps",
            do=lambda w: w.beside.show_set_up()),
    Command(name="side", group=WINDOW, faces=OPEN | LISTED, keys=("F3",),
            text=f"gauges, or EDA against {INDICES[VAGAL].title}",
            do=lambda w: w.show_side()),
    Command(name="figure", group=WINDOW, faces=OPEN | LISTED, keys=("Ctrl+E",),
            other={"review": ("Ctrl+Shift+E",), "blind": ("Ctrl+Shift+E",)},
            menu="Save this figure…", text="saves what the lanes show as a figure",
            do=lambda w: w.beside.ask_figure()),
    Command(name="video", group=WINDOW, faces=EDITED, keys=("V",), when=_filmed, menu="Video",
            text="opens the video that is linked, or closes it",
            do=lambda w: w.beside.show_video()),
    Command(name="mute", group=WINDOW, faces=EDITED | CUED, keys=("Ctrl+M",), when=_filmed,
            text="the sound of the video off, or on",
            do=lambda w: w.beside.level.mute()),
    Command(name="louder", group=WINDOW, faces=EDITED | CUED, keys=("Ctrl+Up",), when=_filmed,
            text="the video louder", do=lambda w: w.beside.level.step(1)),
    Command(name="less_loud", group=WINDOW, faces=EDITED | CUED, keys=("Ctrl+Down",), when=_filmed,
            text="the video less loud", do=lambda w: w.beside.level.step(-1)),
    Command(name="glance", group=WINDOW, faces=OPEN, keys=("Ctrl+G",), when=lambda w: w.beside.may_glance,
            menu="Glance window for the therapist",
            text="glance window for the therapist, where it was agreed",
            do=lambda w: w.beside.show_glance()),
    Command(name="theme", group=WINDOW, faces=LANES | CUED | CORRECTED, keys=("Ctrl+T",),
            menu="{theme} theme", text="dark or light theme",
            do=lambda w: w.change(theme="light" if w.settings.theme == "dark" else "dark")),
    Command(name="menu", group=WINDOW, faces=OPEN | LISTED, keys=("Alt+V",), text="View menu",
            do=lambda w: w.panel.strip.menu.showMenu()),
    Command(name="keys", group=WINDOW, faces=LANES | CUED | CORRECTED, keys=("F1",), menu="All keys",
            text="shows all keys",
            do=lambda w: w.keys.toggle()),
    Command(name="leave", group=WINDOW, faces=OPEN | LISTED, keys=("Esc",),
            text="out of a box, a list or these keys",
            do=_leave),

    Command(name="code", group=EDIT, faces=EDITED, keys=("Ctrl+E",), text="chooses the event to add",
            do=_review(lambda r: r.to_code())),
    Command(name="add", group=EDIT, faces=EDITED, keys=("Ctrl+Return",),
            text="adds it at the cursor; an interval begins, and ends with the next",
            do=_review(lambda r: r.add())),
    Command(name="cell", group=EDIT, faces=LISTED, keys=("F2",), text="edits the chosen cell of the list",
            do=_review(lambda r: r.edit_cell())),
    Command(name="void", group=EDIT, faces=LISTED, keys=("Ctrl+Delete",), text="voids the chosen event",
            do=_review(lambda r: r.void())),
    Command(name="undo_edit", group=EDIT, faces=EDITED, keys=("Ctrl+Z",),
            text="takes back your own last edit, also one of an earlier day", do=_review(lambda r: r.undo())),
    Command(name="cued", group=EDIT, faces=frozenset({"review"}), keys=("Ctrl+R",), text="cued review",
            do=_turn("cued")),
    Command(name="joint", group=EDIT, faces=frozenset({"review"}), keys=("Ctrl+J",), text="joint replay",
            do=_turn("joint")),
    Command(name="corrections", group=EDIT, faces=frozenset({"review"}), keys=("Ctrl+B",),
            text="correct beats and mark artefacts",
            do=_turn("corrections")),

    Command(name="answer", group=ASK, faces=CUED, shown="1, 2, 3", text="answers"),
    Command(name="sure", group=ASK, faces=CUED, shown="then 0 … 9, + for 10",
            text="how sure; stores the answer and goes on"),
    *(Command(name=f"digit_{k}", group=ASK, faces=CUED, keys=(str(k),), text="",
            do=_digit(k)) for k in range(10)),
    Command(name="surest", group=ASK, faces=CUED, keys=("+",), text="", do=_cued(lambda p: p.store(10.0))),
    Command(name="unsure", group=ASK, faces=CUED, keys=("Return", "Enter"), shown="Enter",
            text="stores it without", do=_cued(lambda p: p.store(None))),
    Command(name="take_back", group=ASK, faces=CUED, keys=("Backspace",),
            text="drops an answer that is not stored yet", do=_cued(lambda p: p.take_back())),
    Command(name="earlier", group=ASK, faces=CUED, keys=("Left",), text="the moment before", repeats=True,
            do=_cued(lambda p: p.go(-1))),
    Command(name="later", group=ASK, faces=CUED, keys=("Right",), text="later: the next moment", repeats=True,
            do=_cued(lambda p: p.go(1))),
    Command(name="play_moment", group=ASK, faces=CUED, keys=("Space",), when=_filmed,
            text="plays the moment in the video, or stops it", do=_cued(lambda p: p.play_moment())),
    Command(name="other_person", group=ASK, faces=CUED, keys=("Tab",), text="asks the other person",
            do=_cued(lambda p: p.ask_other())),
    Command(name="close_cued", group=ASK, faces=CUED, keys=("Esc",),
            text="closes; the next time it goes on where it was left", do=_leave),

    Command(name="show_client", group=BOTH, faces=JOINT, keys=("Ctrl+1",), text="the client's own lines",
            do=_joint(lambda b: b.boxes["client"].click())),
    Command(name="show_therapist", group=BOTH, faces=JOINT, keys=("Ctrl+2",),
            text="the therapist's own lines",
            do=_joint(lambda b: b.boxes["therapist"].click())),
    Command(name="close_joint", group=BOTH, faces=JOINT, keys=("Esc",), text="closes",
            do=_leave),

    *BY_HAND,
)
# fmt: on
GROUPS = tuple(dict.fromkeys(command.group for command in COMMANDS))


def allowed(face: Face, window: Operator | None = None) -> list[Command]:
    """Return the commands of a face, of a window only those that it may have."""
    found = [c for c in COMMANDS if face in c.faces]
    return [c for c in found if window is None or c.when is None or c.when(window)]


def key_of(name: str, face: Face = "live") -> str:
    """Return the first key of a command as a reader sees it, for a button or a tool tip."""
    command = next(c for c in COMMANDS if c.name == name)
    return next((spoken(key) for key in command.keys_in(face)), "")
