"""Write a new, closed recording from all that is whole in a cut or damaged one, which stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import RecordingError, SessionError
from acquisition.protection.frames import Lost
from acquisition.protection.plain import plain_parts
from acquisition.protection.vault import require_keys, seal_anew
from acquisition.recording import manifest
from acquisition.recording.contents import copy_beside, refuse_links
from acquisition.recording.fsync import sync_file
from acquisition.recording.identity import read_identity
from acquisition.recording.lock import held
from acquisition.recording.tail import presumed_streams
from acquisition.session.toml import load_session
from acquisition.stream import ROLES, Role, StreamInfo
from acquisition.xdf import Damage, Decoder, Header, Item, Offset, Rows, Samples, Stream, TickMark, Writer
from acquisition.xdf.form import TICK_ID, stream_id
from acquisition.xdf.header import OWN_HEADERS, header_xml
from acquisition.xdf.items import decode_rows

_BLOCK = 1 << 20
_BOUNDARY_EVERY = 100
"""Slices between boundary chunks."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """Say how many whole slices of a file were kept, and what of it was not."""

    file: str
    slices: int
    damage: tuple[Damage, ...]

    def __str__(self) -> str:
        """Return it as lines for people."""
        lines = [f"{self.file}: {self.slices} slices kept"]
        return "\n".join(lines + [f"{self.file}: left out: {damage}" for damage in self.damage])


def repair(path: Path, out: Path) -> list[Repaired]:
    """Copy every whole slice of a recording into the new directory `out`, closed and with a manifest.

    Each file keeps what its header says of recording and role, and every file that belongs beside them comes
    along.

    Raises
    ------
    RecordingError
        If there is no recording at `path`, if a file of it is a link, if it is still being written, or if
        `out` cannot be made.
    """
    sources = [role for role in ROLES if (path / f"{role}.xdf").exists()]
    if not sources:
        raise RecordingError(f"{path}: no recording (no {', '.join(f'{r}.xdf' for r in ROLES)})")
    refuse_links(path)
    if held(path):
        raise RecordingError(f"{path}: the recorder is still at work")
    require_keys(path)
    expected = _expected(path)
    try:
        out.mkdir(mode=0o700, parents=True)
        done = [_copied(path / f"{role}.xdf", out / f"{role}.xdf", role, expected) for role in sources]
        copy_beside(path, out)
        manifest.write(out)
    except OSError as error:
        raise RecordingError(f"{error.filename or out}: {error.strerror or error}") from error
    return done


def _expected(path: Path) -> Sequence[StreamInfo]:
    """Return the expected streams, if the session file still says them."""
    try:
        session = load_session(path / "session.toml")
    except (OSError, SessionError, UnicodeDecodeError):
        return ()
    return session.recorded.streams if session.recorded is not None else ()


def copy_without(
    path: Path, role: Role, target: Path, out: Callable[[str, int], bool], *, source: Path | None = None
) -> None:
    """Copy a person's file without what is another's.

    Parameters
    ----------
    source : Path, optional
        The file; the one that the recorder wrote if not given.
    target : Path
        The new file; a sealed one stays sealed, under the name of the old one.
    out : callable
        Name of a stream, number of a slice → whether that goes.
    """
    _copied(source or path / f"{role}.xdf", target, role, _expected(path), out)


def _copied(
    source: Path,
    target: Path,
    role: Role,
    expected: Sequence[StreamInfo],
    out: Callable[[str, int], bool] = lambda name, number: False,
) -> Repaired:
    """Copy the whole slices of a file into a new one, but for what is to go."""
    mine = [info for info in expected if info.role == role]
    headers = dict(OWN_HEADERS) | {stream_id(info.name): header_xml(info) for info in mine}
    damage: list[Damage] = []
    identity = read_identity(source)
    seal = seal_anew(source)
    copy = _Copy(Writer(target, recording=identity.recording, role=identity.role, seal=seal), headers)
    try:
        for tick, items in _slices(source, Decoder(presumed_streams(mine)), damage):
            copy.add(tick, [i for i in items if isinstance(i, Header) or not out(_name(i), tick.number)])
        copy.writer.flush()
        copy.writer.finish()
        sync_file(copy.writer.fd)
    finally:
        copy.writer.close()
    return Repaired(source.name, copy.n, tuple(damage))


def _name(item: Item) -> str:
    stream = getattr(item, "stream", None)
    return stream.name if isinstance(stream, Stream) else ""


class _Copy:
    """Write slices into a new file."""

    def __init__(self, writer: Writer, headers: Mapping[int, bytes]) -> None:
        self.writer, self.n = writer, 0
        self._headers = headers
        self._streams: dict[int, Stream] = {}

    def add(self, tick: TickMark, items: list[Item]) -> None:
        for item in items:
            match item:
                case Rows():
                    samples = decode_rows(item)
                    self.writer.samples(self._stream(item.stream), samples.times, samples.samples)
                case Samples():
                    self.writer.samples(self._stream(item.stream), item.times, list(item.samples))
                case Offset() if item.stream.id != TICK_ID:
                    self.writer.offset(self._stream(item.stream), item.collected, item.value)
                case Header() if item.stream.id != TICK_ID:
                    self._stream(item.stream)
        self.writer.seal(tick.number, tick.time, tick.wall, boundary=self.n % _BOUNDARY_EVERY == 0)
        self.n += 1
        if self.writer.backlog > _BLOCK:
            self.writer.flush()

    def _stream(self, stream: Stream) -> Stream:
        """Return the stream in the new file; a header that was lost is the one the session tells of."""
        if stream.id not in self._streams:
            self._streams[stream.id] = self.writer.header(stream.id, stream.xml or self._headers[stream.id])
        return self._streams[stream.id]


def _slices(source: Path, decoder: Decoder, damage: list[Damage]) -> Iterator[tuple[TickMark, list[Item]]]:
    pending: list[Item] = []
    last = -1
    for item in _items(source, decoder):
        if isinstance(item, TickMark):
            if item.intact and item.number > last:
                yield item, pending
                last = item.number
            else:
                damage.append(
                    Damage(item.start, item.stop, "a slice whose CRC is wrong, or that comes again")
                )
            pending = []
        elif isinstance(item, Damage):
            damage.append(item)
            pending = [] if item.breaks else pending
        else:
            pending.append(item)


def _items(source: Path, decoder: Decoder) -> Iterator[Item]:
    for part in plain_parts(source):
        if isinstance(part, Lost):
            yield Damage(part.start, part.stop, part.why)
        else:
            yield from decoder.feed_rows(part)
    yield from decoder.feed_rows(b"", final=True)
