"""attune link: videos of the hour, where they are and when on the recording's clock."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from acquisition.commands.command import DIRECTORY, Command, as_json_option, print_json
from acquisition.linking.link import METHODS, VideoLink
from acquisition.terminal import echo, progressing


@click.command("link", cls=Command)
@click.argument("recording", type=DIRECTORY)
@click.argument("videos", metavar="[VIDEO]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--start", metavar="T",
    help="When the video begins, in seconds or MIN:SEC since the recording began; negative if before. Holds "
    "where neither voice nor marks tell it.",
)  # fmt: skip
@click.option(
    "--mark", "marks", multiple=True, metavar="TIME=EVENT",
    help="What is seen at a time of the video: the number of a sync mark (F10), or a time MIN:SEC since the "
    "recording began; repeat it. Two tell the drift of the clocks.",
)  # fmt: skip
@click.option("--by", type=click.Choice(METHODS), help="The one way to align; else the first that holds.")
@click.option("--who", default="", metavar="R2", help="Code of who links; never a name.")
@click.option("--remove", is_flag=True, help="Take the links to these videos away; the files stay.")
@as_json_option
@click.pass_context
def link_command(
    ctx: click.Context,
    recording: Path,
    videos: tuple[Path, ...],
    start: str | None,
    marks: tuple[str, ...],
    by: str | None,
    who: str,
    remove: bool,
    as_json: bool,
) -> None:
    """Link videos of the hour to a recording, and find out when they were taken; without a video list them.

    A video is not copied: its path, hash, length and times are kept in links.toml beside the recording. It is
    aligned by its sound against the voice rows; where no voice was recorded, by sync marks against claps in
    its sound, or by what --mark and --start say. Each clip of a camera is a video of its own.
    What cannot be aligned to half a second is linked without times, and why is said: exit 1.
    """
    from acquisition.linking.linking import Wish, link_videos, remove_links
    from acquisition.linking.links_file import read_links

    _check(videos, start=start, marks=marks, by=by, remove=remove)
    if remove:
        links = remove_links(recording, videos)
        if as_json:
            print_json({"recording": str(recording), "removed": [str(v.path) for v in links]})
        else:
            echo("\n".join(f"{recording}: no longer linked: {v.path}" for v in links))
        return
    if videos:
        begin = None if start is None else _time("--start", start)
        wish = Wish(by=by, start=begin, pairs=[_pair(m) for m in marks], who=who)  # type: ignore[arg-type]
        with progressing(f"linking {len(videos)} videos") as say:
            links = link_videos(recording, videos, wish, say)
    else:
        links = list(read_links(recording))
    _say(recording, links, as_json=as_json)
    ctx.exit(1 if videos and not all(v.aligned for v in links) else 0)


def _check(
    videos: Sequence[Path], *, start: str | None, marks: Sequence[str], by: str | None, remove: bool
) -> None:
    if remove and not videos:
        raise click.UsageError("--remove: say which video (attune link RECORDING lists them)")
    told = [n for n, given in (("--start", start is not None), ("--mark", marks), ("--by", by)) if given]
    if told and (remove or not videos):
        raise click.UsageError(f"{told[0]}: is said of a video that is being linked")
    if len(videos) > 1 and any(name != "--by" for name in told):
        raise click.UsageError(f"{told[0]}: is said of one video; link the others apart")
    if by == "start" and start is None:
        raise click.UsageError("--by start: --start says when the video begins")


def _time(option: str, text: str) -> float:
    from acquisition.linking.hour import seconds_of

    seconds = seconds_of(text.strip())
    if seconds is None:
        raise click.UsageError(f"{option} {text[:40]!r}: must be seconds or [HOURS:]MIN:SEC, as 12:03.5")
    return seconds


def _pair(text: str) -> tuple[float, int | float]:
    """Return a time of the video, and the number of a mark (a whole number) or a time of the recording."""
    video, equals, event = (part.strip() for part in text.partition("="))
    if not equals:
        raise click.UsageError(f"--mark {text[:40]!r}: must be TIME=EVENT, as 0:12.48=1 or 0:12.48=3:10.2")
    at = _time("--mark", video)
    # Neither "²" nor "١" is the number of a mark, and thousands of digits are none.
    is_number = event.isascii() and event.isdigit() and len(event.lstrip("0")) < 10
    return at, int(event) if is_number else _time("--mark", event)


def _say(recording: Path, links: Sequence[VideoLink], *, as_json: bool) -> None:
    from acquisition.linking.finding import find
    from acquisition.linking.hour import began

    begin = began(recording) if any(v.aligned for v in links) else math.nan
    found = [find(link, recording) for link in links]
    if as_json:
        rows = [_row(v, f.state, f.path, begin) for v, f in zip(links, found, strict=True)]
        print_json({"recording": str(recording), "videos": rows})
        return
    if not links:
        echo(f"{recording}: no video is linked")
    for link, where in zip(links, found, strict=True):
        echo(f"{link.path}: {said_of(link, begin)}")
        if where.message:
            echo(where.message)


def said_of(link: VideoLink, begin: float) -> str:
    """Return when a video was taken, for people; `begin` is the stamp at which the recording began [s]."""
    from acquisition.linking.hour import clock

    if not link.aligned:
        return f"{clock(link.duration)} long, not aligned: {link.reason}"
    first = clock(link.offset - begin)
    last = clock(link.to_recording(link.duration) - begin)
    error = f"± {link.error:.3f} s" if math.isfinite(link.error) else "error not known"
    drift = f", drift {link.drift:+.0f} ppm" if link.method != "start" else ""
    return f"from {first} to {last} of the recording, {error}{drift}, by {link.method} ({link.basis})"


def _row(link: VideoLink, state: str, path: Path | None, begin: float) -> dict[str, Any]:
    known = {k: (v if math.isfinite(v) else None) for k, v in (
        ("offset", link.offset), ("drift", link.drift), ("error", link.error), ("begin", link.offset - begin),
    )}  # fmt: skip
    return {
        "path": str(link.path), "state": state, "found": str(path) if path else None, "sha256": link.sha256,
        "size": link.size, "duration": link.duration, "has_sound": link.has_sound, "start": link.start,
        "aligned": link.aligned, "method": link.method, "reason": link.reason, "basis": link.basis,
        "linked": link.linked, "who": link.who, **known,
    }  # fmt: skip
