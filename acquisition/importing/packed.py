"""Files that are packed: a table in .gz, or a .zip of one file or of one layout's folder."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from acquisition.errors import RecordingError
from acquisition.importing.found import MAX_TEXT_BYTES

MAX_MEMBERS = 1000
BLOCK = 1 << 20
HIDDEN = (".", "__MACOSX")


@contextmanager
def unpacked(path: Path) -> Iterator[Path | None]:
    """Give what a file holds packed, a file or folder that is there for the block; None if it is not packed.

    Raises
    ------
    RecordingError
        If it unpacks to more than is read.
    """
    with path.open("rb") as file:
        head = file.read(4)
    gz, zipped = head[:2] == b"\x1f\x8b" and path.suffix == ".gz", head == b"PK\x03\x04"
    if not (gz or zipped):
        yield None
        return
    with TemporaryDirectory(prefix="attune") as folder:
        place = Path(folder)
        if gz:
            target = place / path.stem
            with gzip.GzipFile(path, "rb") as packed, target.open("wb") as out:
                _copied(path, packed, out)
            yield target
            return
        yield _extracted(path, place)


def _extracted(path: Path, place: Path) -> Path | None:
    with zipfile.ZipFile(path) as archive:
        members = [m for m in archive.infolist() if not m.is_dir() and not _hidden(m.filename)]
        if not members or len(members) > MAX_MEMBERS:
            return None
        names = [Path(m.filename.replace("\\", "/")).name for m in members]
        if len(set(names)) < len(names):
            return None  # several folders
        if sum(m.file_size for m in members) > MAX_TEXT_BYTES:
            raise RecordingError(f"{path}: more than {MAX_TEXT_BYTES >> 20} MiB unpacked")
        for member, name in zip(members, names, strict=True):
            with archive.open(member) as packed, (place / name).open("wb") as out:
                _copied(path, packed, out)
    return place / names[0] if len(names) == 1 else place


def _hidden(name: str) -> bool:
    return any(part.startswith(HIDDEN) for part in name.replace("\\", "/").split("/"))


def _copied(path: Path, packed: IO[bytes] | gzip.GzipFile, out: IO[bytes]) -> None:
    """Copy within bounds: what an archive says of its sizes need not be so."""
    size = 0
    while block := packed.read(BLOCK):
        size += len(block)
        if size > MAX_TEXT_BYTES:
            raise RecordingError(f"{path}: more than {MAX_TEXT_BYTES >> 20} MiB unpacked")
        out.write(block)
