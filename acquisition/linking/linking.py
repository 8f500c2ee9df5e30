"""Link videos to a recording: read each, align it by what there is, and keep that beside the recording."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.events.who import patterns_of, who_fault
from acquisition.linking.aligning import Alignment, by_voice
from acquisition.linking.finding import sha256_of, size_of
from acquisition.linking.hour import Hour, clock, read_hour, refuse_growing, said
from acquisition.linking.link import Method, VideoLink
from acquisition.linking.links_file import change_links, read_links, same
from acquisition.linking.loudness import Loudness
from acquisition.linking.marking import Pair, by_claps, by_pairs
from acquisition.linking.media import Media, listen
from acquisition.protection.audit import keep
from acquisition.recording.recording import Recording

FAR = 60.0
"""How far a typed start may be from what the voice says [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Say how to align.

    Parameters
    ----------
    by : str or None
        The one way to try; by default voice, then marks, then a typed start, until one holds.
    start : float or None
        When the video begins, since the recording began [s].
    pairs : sequence of (float, int or float)
        Times of the video [s], and what happens there: the number of a sync mark, or a time since the
        recording began [s].
    who : str
        Code of who links.
    """

    by: Method | None = None
    start: float | None = None
    pairs: Sequence[tuple[float, int | float]] = ()
    who: str = ""


def link_videos(
    recording: Path, videos: Sequence[Path], wish: Wish, said: Callable[[str], None] = lambda _: None
) -> list[VideoLink]:
    """Link videos, and return the links; one that is not aligned is linked all the same, with the reason.

    Linking again what is linked changes nothing, unless the alignment comes out another.

    Raises
    ------
    RecordingError
        If a file is no video, or the recording is none or still grows: then none is linked.
    """
    if wish.who and (why := who_fault(wish.who, patterns=patterns_of(recording))):
        raise RecordingError(f"--who {wish.who[:40]!r}: {why}")
    refuse_growing(recording)
    Recording(recording)  # one that is none, or stays closed, is told before an hour is listened to
    read_links(recording)  # what cannot be read is not written over
    files = [_file(video, recording) for video in videos]
    hour: Hour | None = None
    made: list[VideoLink] = []
    for file in dict.fromkeys(files):
        said(f"reading {file.name}")
        before = size_of(file)
        sha256 = sha256_of(file)
        media, loudness = listen(file, _share(said, f"listening to {file.name}"))
        if not sha256 or size_of(file) != before:
            raise RecordingError(f"{file}: changed while it was read, or cannot be read")
        if hour is None:
            said(f"reading {recording.name}")
            hour = read_hour(recording)
        if any(sha256 == other.sha256 for other in made):
            continue  # a copy under another name
        found = aligned(media, loudness, hour, wish)
        made.append(_link(file, sha256, before or 0, media, found, wish))
    after = change_links(recording, lambda links: _merged(links, made))
    keep("linked", recording, videos=len(made))
    now = {link.sha256: link for link in after}
    return [now[link.sha256] for link in made]


def remove_links(recording: Path, videos: Sequence[Path]) -> list[VideoLink]:
    """Take links away, by path or name; the files stay. Return what was taken away.

    Raises
    ------
    RecordingError
        If one is not linked, or several have that name; the choices are named, and none is taken away.
    """
    gone: list[VideoLink] = []

    def rest(links: tuple[VideoLink, ...]) -> list[VideoLink]:
        for video in videos:
            mine = [v for v in links if v.path in (video.absolute(), video.resolve())]
            mine = mine or [v for v in links if str(video) in (v.name, v.sha256)]
            if not mine:
                known = ", ".join(str(v.path) for v in links) or "none is"
                raise RecordingError(f"{video}: is not linked to {recording} (linked: {known})")
            if len(mine) > 1:
                choices = ", ".join(str(v.path) for v in mine)
                raise RecordingError(f"{video}: {len(mine)} videos have that name (say which: {choices})")
            gone.extend(v for v in mine if v not in gone)
        return [v for v in links if v not in gone]

    change_links(recording, rest)
    keep("unlinked", recording, videos=len(gone))
    return gone


def aligned(media: Media, loudness: Loudness, hour: Hour, wish: Wish) -> Alignment:
    """Return the first alignment that holds of those that are wished for, else why none does."""
    begin = None if wish.start is None else hour.begin + wish.start
    ways: dict[Method, Callable[[], Alignment]] = {
        "voice": lambda: by_voice(loudness, hour),
        "marks": lambda: _by_marks(media, loudness, hour, wish, begin),
        "start": lambda: _by_start(media, hour, begin),
    }
    if wish.by is not None:
        return ways[wish.by]()
    order: list[Method] = ["marks"] if wish.pairs else ["voice", "marks"]
    tried, doubt = [], ""
    if begin is not None:
        order.append("start")
    for method in order:
        found = ways[method]()
        if not found.reason and begin is not None and method == "voice" and abs(found.offset - begin) > FAR:
            at = clock(found.offset - hour.begin)
            doubt = f"by voice it would begin at {at}"
            found = Alignment(method=method, reason=f"it would begin at {at}, far from --start")
        if not found.reason:
            return replace(found, basis="; ".join(filter(None, (found.basis, doubt))))
        tried.append(found)
    return replace(tried[0], reason="; ".join(f"by {one.method}: {one.reason}" for one in tried))


def _by_marks(media: Media, loudness: Loudness, hour: Hour, wish: Wish, begin: float | None) -> Alignment:
    if not wish.pairs:
        return by_claps(loudness, hour, media.duration, begin)
    pairs = list[Pair]()
    for video, event in wish.pairs:
        if not 0.0 <= video <= media.duration:
            raise RecordingError(
                f"--mark {clock(video)}: the video has no such time (0:00 to {clock(media.duration)})"
            )
        if isinstance(event, int):
            if not 1 <= event <= len(hour.marks):
                known = said(t - hour.begin for t in hour.marks) or "none"
                raise RecordingError(
                    f"--mark …={event}: the recording has no sync_mark {event} (there are: {known})"
                )
            pairs.append((video, hour.marks[event - 1]))
        else:
            pairs.append((video, hour.begin + event))
    return by_pairs(pairs, media.duration, "typed times")


def _by_start(media: Media, hour: Hour, begin: float | None) -> Alignment:
    if begin is None:
        raise RecordingError("--by start: --start says when the video begins")
    if begin > hour.end or begin + media.duration < hour.begin:
        length = clock(hour.end - hour.begin)
        raise RecordingError(
            f"--start {clock(begin - hour.begin)}: the video would show nothing of the recording, which is "
            f"{length} long"
        )
    return Alignment(
        method="start", offset=begin, drift=0.0, basis="typed; its error and drift are not known"
    )


def _file(video: Path, recording: Path) -> Path:
    """Return the file itself: a withdrawal names what is to be erased, and that is no link."""
    if not video.exists():
        raise RecordingError(f"{video}: no such file")
    if not video.is_file():
        raise RecordingError(f"{video}: {'a folder' if video.is_dir() else 'no file'}, not a video")
    file = video.resolve()
    if not str(file).isprintable():
        raise RecordingError(f"{video!r}: its path holds what cannot be printed; rename it")
    if recording.resolve() in file.parents:
        raise RecordingError(f"{file}: lies in the recording, where it would be strange; put it beside it")
    return file


def _link(file: Path, sha256: str, size: int, media: Media, found: Alignment, wish: Wish) -> VideoLink:
    return VideoLink(
        path=file,
        sha256=sha256,
        size=size,
        duration=media.duration,
        has_sound=media.has_sound,
        start=media.start,
        offset=found.offset,
        drift=found.drift,
        error=found.error,
        method=found.method,
        aligned=not found.reason and math.isfinite(found.offset),
        reason=found.reason,
        basis=found.basis,
        linked=datetime.now(UTC).isoformat(timespec="seconds"),
        who=wish.who,
    )


def _merged(links: Sequence[VideoLink], made: Sequence[VideoLink]) -> list[VideoLink]:
    """Return the links with new ones, which take the place of those of the same contents or path."""
    out = []
    for new in made:
        old = next((v for v in links if v.sha256 == new.sha256), None)
        unchanged = old is not None and same(replace(new, linked=old.linked, who=old.who), old)
        out.append(old if old is not None and unchanged else new)
    taken = {v.sha256 for v in made} | {str(v.path) for v in made}
    return out + [v for v in links if v.sha256 not in taken and str(v.path) not in taken]


def _share(said: Callable[[str], None], what: str) -> Callable[[float], None]:
    return lambda share: said(f"{what}: {100 * share:.0f} %")
