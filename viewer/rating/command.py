"""attune rate: rate a finished recording, by a scale all the time or by comparing moments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import DIRECTORY, Command, study_option
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.errors import AttunementError
from acquisition.protection.audit import keep
from acquisition.ratings.files import Rated, Sitting, read_ratings, refuse_rating
from acquisition.ratings.whose import Whose, rater_of
from acquisition.recording.derived import note
from acquisition.recording.recording import Recording
from acquisition.session.rating_settings import SHOWN, Axis, RatingSettings
from acquisition.session.study import study_of
from acquisition.stream import ROLES, Role
from acquisition.terminal import echo
from viewer.rating.inputs import open_input
from viewer.rating.kinds import INPUTS, STEPS, refuse_input

if TYPE_CHECKING:
    from viewer.rating.kinds import Device
    from viewer.rating.shown import Hour
    from viewer.video.cover import Cover


@click.command("rate", cls=Command)
@click.argument("recording", type=DIRECTORY)
@click.option(
    "--rater", required=True, metavar="NAME", help="Who rates: a code such as R2, or client or therapist."
)
@click.option(
    "--of",
    "of",
    type=click.Choice(ROLES),
    help="Who is rated; the rater where it is one of the two, else the client.",
)
@click.option(
    "--axis", "axes", multiple=True, metavar="NAME:LESS:MORE",
    help="An axis with its anchor words, at most twice; else those of study.toml, or less … more.",
)  # fmt: skip
@click.option(
    "--unbounded", is_flag=True, help="A scale without ends (RankTrace): its course says something."
)
@click.option(
    "--input", "how", type=click.Choice(INPUTS), default="mouse", show_default=True, help="What moves it."
)
@click.option(
    "--port",
    default="",
    metavar="NAME",
    help="How the name of the MIDI input, joystick, dial or pedal begins.",
)
@click.option(
    "--steps", type=click.IntRange(2, 100_000), default=STEPS, show_default=True,
    help="With --input dial: its steps from end to end.",
)  # fmt: skip
@click.option(
    "--show", type=click.Choice(SHOWN), help="What is seen of the session, as far as the study allows it."
)
@click.option("--start", type=FiniteRange(0), metavar="S", help="Begin at this second of the recording.")
@click.option("--again", is_flag=True, help="Rate the hour once more, beside what was rated.")
@click.option("--pairs", is_flag=True, help="Compare moments of 20 s, two at a time, in place of a scale.")
@click.option(
    "--picture",
    type=OutputPath(dir_okay=False),
    help="Write a PNG of the page instead of a window.",
)
@study_option
def rate_command(
    recording: Path,
    rater: str,
    of: str | None,
    axes: tuple[str, ...],
    unbounded: bool,
    how: str,
    port: str,
    steps: int,
    show: str | None,
    start: float | None,
    again: bool,
    pairs: bool,
    picture: Path | None,
    study: Path | None,
) -> None:
    """Rate a finished recording all the time, 20 values a second, into ratings/NAME.xdf beside it.

    Space begins after a countdown of three seconds, pauses and goes on; Esc ends. What was rated is kept,
    also if the window is killed; the next call goes on where it stood.
    """
    from viewer.desktop import has_display, require_qt
    from viewer.rating.shown import decided, film_of, hour_of

    session = Recording(recording).session
    code, by = rater_of(session, rater)
    whose = Whose(Role(of) if of else by or Role.CLIENT, by)
    refuse_rating(recording, whose)
    declared = study_of(recording, study)
    settings = declared.rating if declared is not None else RatingSettings()
    shown = decided(declared, show or "")
    if pairs:
        _compare(recording, code, whose, settings.pairs, shown, picture)
        return
    before = [r for r in read_ratings(recording) if r.sitting.rater == code and r.sitting.whose == whose]
    sitting = Sitting(
        rater=code,
        whose=whose,
        axes=_axes(axes) or settings.axes,
        bounded=settings.bounded and not unbounded,
        turn=_turn(before, again=again),
        input=how,
        shown=shown,
    )
    refuse_input(how, len(sitting.axes), bounded=sitting.bounded)
    require_qt()
    if picture is None and not has_display():
        raise AttunementError("no display to open a window on; --picture FILE.png draws the page into a file")
    hour = hour_of(recording, shown)
    begin = hour.begin + start if start is not None else _left_off(before, sitting, hour.begin)
    if begin >= hour.end:
        raise AttunementError(
            f"{recording}: {code} has rated it to its end (--again rates it once more, --start S a part)"
        )
    keep("rated", recording)
    if picture is not None:
        from viewer.rating.picture import save

        note(recording, picture, "picture")
        save(picture, sitting, hour, begin)
        echo(str(picture))
        return
    cover = film_of(recording, hour, shown)
    device = open_input(how, port, len(sitting.axes), bounded=sitting.bounded, steps=steps)
    try:
        _rate(recording, sitting, hour, begin, cover, device)
    finally:
        if device is not None:
            device.close()


def _axes(said: tuple[str, ...]) -> tuple[Axis, ...]:
    if len(said) > 2:
        raise click.UsageError("--axis: one or two")
    out = []
    for text in said:
        parts = [part.strip() for part in text.split(":")]
        if len(parts) not in (1, 3) or not all(parts) or not text.isprintable():
            raise click.UsageError(f"--axis {text[:60]!r}: NAME or NAME:LESS:MORE")
        out.append(Axis(*parts))
    if len({axis.name for axis in out}) < len(out):
        raise click.UsageError("--axis: two names that differ")
    return tuple(out)


def _turn(before: list[Rated], *, again: bool) -> int:
    """Return the number of the turn that is rated now."""
    last = max((r.sitting.turn for r in before), default=0)
    return last + 1 if again or not before else last


def _left_off(before: list[Rated], sitting: Sitting, begin: float) -> float:
    """Return where a turn goes on [s]; whoever changes the axes within one is told.

    Raises
    ------
    AttunementError
        If the axes or the kind of scale differ from those of the turn so far.
    """
    same = [r for r in before if r.sitting.turn == sitting.turn]
    for one in same:
        if (one.sitting.axes, one.sitting.bounded) != (sitting.axes, sitting.bounded):
            words = ", ".join(f"{a.name} ({a.less} … {a.more})" for a in one.sitting.axes)
            raise AttunementError(
                f"{one.files[-1]}: was begun with another scale ({words}); go on with it, or --again"
            )
    return max((float(r.times[-1]) for r in same if len(r.times)), default=begin)


def _compare(recording: Path, rater: str, whose: Whose, asked: str, shown: str, picture: Path | None) -> None:
    from viewer.desktop import has_display, require_qt

    require_qt()
    if picture is None and not has_display():
        raise AttunementError("no display to open a window on; --picture FILE.png draws the page into a file")
    from processing.codings.cues import LENGTH
    from viewer import settings as persistence
    from viewer.live.live import quitting_on_ctrl_c
    from viewer.rating.comparison import comparison
    from viewer.rating.picture import grabbed
    from viewer.rating.shown import film_of, hour_of

    comparing = comparison(recording, rater, whose, asked)
    if len(comparing.pairs) < 2:
        raise AttunementError(f"{recording}: is too short to compare moments of {LENGTH:g} s in it")
    hour = hour_of(recording, shown)
    keep("rated", recording)
    if picture is not None:
        note(recording, picture, "picture")
        os.environ.setdefault("QT_QPA_PLATFORM", "" if has_display() else "offscreen")
    from viewer.rating.pairs_page import PairsPage
    from viewer.theme import THEMES
    from viewer.video.level import kept_level
    from viewer.window import application

    app = application()
    theme = "dark" if picture is not None else persistence.load(persistence.store()).theme
    cover = film_of(recording, hour, shown) if picture is None else None
    page = PairsPage(comparing, hour, LENGTH, THEMES[theme], cover, kept_level(persistence.store()))
    if picture is not None:
        grabbed(page, picture)
        echo(str(picture))
        return
    with quitting_on_ctrl_c(app):
        page.show()
        app.exec()
        page.close()
    echo(comparing.progress())


def _rate(
    recording: Path, sitting: Sitting, hour: Hour, begin: float, cover: Cover | None, device: Device | None
) -> None:
    from acquisition.ratings.files import RatingWriter
    from viewer import settings as persistence
    from viewer.live.live import quitting_on_ctrl_c
    from viewer.rating.window import RatingWindow
    from viewer.theme import THEMES
    from viewer.video.level import kept_level
    from viewer.window import application

    app = application()
    kept = persistence.store()
    theme, level = THEMES[persistence.load(kept).theme], kept_level(kept)
    writer = RatingWriter(recording, sitting)
    with quitting_on_ctrl_c(app):
        window = RatingWindow(
            writer, sitting, hour, theme, start=begin, device=device, cover=cover, level=level
        )
        window.showFullScreen()
        app.exec()
        window.close()
    echo(
        f"{writer.path}: rated to {window.run.at - hour.begin:.0f} s"
        if writer.path.exists()
        else "nothing was rated"
    )
