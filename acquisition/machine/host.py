"""The computer itself: disk, encryption, sleep, cores, and what a crash would leave."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from acquisition.machine.finding import Finding
from acquisition.recorder.disk import MINIMUM, free_bytes

ROOT = Path("/")
ROOM = 1 << 30
"""Free bytes below which it is told: about ten hours of two people with ECG at 1000 Hz."""
INHIBIT = "systemd-inhibit --what=sleep:idle:handle-lid-switch attune live session.toml"
ENCRYPTED = ("ecryptfs", "fuse.gocryptfs", "fuse.encfs", "fuse.cryfs", "fuse.securefs")
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "afs")
_ESCAPE = re.compile(r"\\([0-7]{3})")


def disk(folder: Path) -> Iterator[Finding]:
    """Tell whether recordings can be written into a folder, and how much room there is."""
    there = _existing(folder)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        said = f"{there}: {'cannot be written into' if there.is_dir() else 'is no folder'}"
        yield Finding(about="disk", state="missing", said=said, mend="choose another with --out")
        return
    free = free_bytes(folder)
    if free != free:
        yield Finding(about="disk", state="unknown", said=f"{there}: free room cannot be told")
        return
    said = f"{there}: {free / 2**30:.1f} GB free"
    mend = "make room, or choose another with --out" if free < ROOM else ""
    yield Finding(
        about="disk",
        state="missing" if free < MINIMUM else "note" if free < ROOM else "ok",
        said=said,
        mend=mend,
    )


def _existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def encryption(folder: Path, root: Path = ROOT) -> Iterator[Finding]:
    """Tell whether the disk of a folder is encrypted, as far as the system says."""
    about = "encryption"
    if sys.platform != "linux":
        said = "the system's settings show whether this disk is encrypted (FileVault, BitLocker)"
        yield Finding(about=about, state="unknown", said=said)
        return
    there = _existing(folder)
    kind, source = _mounted(there.resolve(), root)
    number = _block(there, source)
    if kind in ENCRYPTED:
        yield Finding(about=about, state="ok", said=f"{there}: encrypted ({kind})")
    elif kind in NETWORK:
        yield Finding(
            about=about, state="note", said=f"{there}: on another machine ({kind}), over the network"
        )
    elif not (root / "sys/dev/block" / number).exists():
        yield Finding(
            about=about, state="unknown", said=f"{there}: cannot be told ({kind or 'no file system'})"
        )
    elif _crypted(root / "sys/dev/block" / number):
        yield Finding(about=about, state="ok", said=f"{there}: on an encrypted disk")
    else:
        said = f"{there}: no encryption of the disk was found; whoever has the disk has the recordings"
        mend = "keep recordings on an encrypted disk (LUKS)"
        yield Finding(about=about, state="note", said=said, mend=mend)


def _mounted(path: Path, root: Path) -> tuple[str, str]:
    """Return the file system's type and source of the mount that holds a path."""
    best, found = -1, ("", "")
    for line in (root / "proc/self/mountinfo").read_text(errors="replace").splitlines():
        before, dash, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if not dash or len(fields) < 5 or len(rest) < 2:
            continue
        point = Path(_ESCAPE.sub(lambda m: chr(int(m[1], 8)), fields[4]))
        # Of two mounts at one place the later covers the earlier.
        if (path == point or point in path.parents) and len(point.parts) >= best:
            best, found = len(point.parts), (rest[0], rest[1])
    return found


def _block(path: Path, source: str) -> str:
    """Return the number of the block device below a path: of some file systems only the source has one."""
    if sys.platform == "win32":
        return ""
    number = path.stat().st_dev
    if os.major(number) == 0 and source.startswith("/dev/"):
        number = os.stat(source).st_rdev
    return f"{os.major(number)}:{os.minor(number)}"


def _crypted(device: Path) -> bool:
    """Tell whether a block device, or all that it is made of, is encrypted."""
    uuid = device / "dm" / "uuid"
    if uuid.is_file() and uuid.read_text(errors="replace").startswith("CRYPT-"):
        return True
    below = list((device / "slaves").glob("*")) or _parent(device)
    return bool(below) and all(_crypted(p.resolve()) for p in below)


def _parent(device: Path) -> list[Path]:
    """Return the disk that a partition is on."""
    return [device.resolve().parent] if (device / "partition").is_file() else []


def sleep(root: Path = ROOT) -> Iterator[Finding]:
    """Tell whether the computer may go to sleep in the middle of an hour."""
    about = "sleep"
    if sys.platform != "linux":
        yield Finding(
            about=about, state="unknown", said="switch it off for the hour in the system's settings"
        )
        return
    state = root / "sys/power/state"
    ways = state.read_text().split() if state.is_file() else []
    masked = [n for n in ("sleep", "suspend") if _masked(root, n)]
    if not ways:
        yield Finding(about=about, state="ok", said="this machine has no sleep")
    elif masked:
        yield Finding(about=about, state="ok", said=f"{masked[0]}.target is masked")
    else:
        lid = " or when its lid is closed" if any(root.glob("proc/acpi/button/lid/*")) else ""
        said = f"the computer may go to sleep while nobody touches it{lid}"
        yield Finding(about=about, state="note", said=said, mend=INHIBIT)


def _masked(root: Path, name: str) -> bool:
    unit = root / "etc/systemd/system" / f"{name}.target"
    return unit.is_symlink() and os.readlink(unit) == "/dev/null"


def cores() -> Iterator[Finding]:
    """Tell how many cores this process may use, and whether a crash leaves an image of its memory."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    said = f"{count} for this process"
    yield Finding(
        about="cores",
        state="ok" if count > 1 else "note",
        said=said if count > 1 else f"{said}; recorder and window together want two",
    )
    if sys.platform == "win32":
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_CORE)[0]
    if limit == 0:
        yield Finding(about="core dumps", state="ok", said="off: a crash leaves no image of the memory")
    else:
        said = "on: a crash would leave an image of the memory, with what was measured"
        yield Finding(about="core dumps", state="note", said=said, mend="ulimit -c 0")
