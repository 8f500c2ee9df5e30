"""Faults on sealed recordings, with real recorders: killed, cut, changed, stopped, on a full disk.

    python -m benchmarks.sealed_faults [--kills 20] [--cuts 200] [--flips 200]

Each recorder is a process that records sines of two people at 100 Hz into sealed files; what is read must be
the sine of its own stamp. A follower reads along while it is killed, and must have seen what is there after.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.protection.frames import MARK
from acquisition.protection.keystore import KeyStore
from acquisition.protection.store_files import ENVIRONMENT
from acquisition.protection.unlocked import unlock
from acquisition.protection.vault import sealed_header
from acquisition.recorder.control import Client
from acquisition.recorder.disk import MINIMUM
from acquisition.recording.recording import Recording
from acquisition.recording.repair import repair
from acquisition.recording.verify import verify
from acquisition.stream import ROLES, FloatArray
from tests.acquisition.recorder.test_full_disk import fill

CLIENT = "client.xdf"
Seen = dict[str, FloatArray]


@contextmanager
def key_store(base: Path) -> Iterator[KeyStore]:
    """Have an unlocked store for all that runs here."""
    run = base / "run"
    run.mkdir(mode=0o700)
    before = {k: os.environ.get(k) for k in ("XDG_RUNTIME_DIR", ENVIRONMENT)}
    os.environ |= {"XDG_RUNTIME_DIR": str(run), ENVIRONMENT: str(base / "keys")}
    store, recovery = KeyStore.init(base / "keys", "of this run alone")
    unlock(store, recovery)
    try:
        yield store
    finally:
        for key, value in before.items():
            os.environ.pop(key) if value is None else os.environ.__setitem__(key, value)


def recorder(parent: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Start a recorder of a sealed recording and wait until it records."""
    command = [sys.executable, "-m", "tests.acquisition.sine_driver", str(parent), "--sealed"]
    process = subprocess.Popen(command)
    while not (found := list(parent.glob("*/session.toml"))):
        assert process.poll() is None, "the recorder did not begin"
        time.sleep(0.02)
    return process, found[0].parent


def seen(recording: Recording) -> Seen:
    """Return the stamps of what a recording holds, by role; each value must be the sine of its stamp."""
    parts: dict[str, list[FloatArray]] = {}
    for batch in recording.batches():
        for (role, _), part in batch.streams.items():
            # A stamp is raw; the sine was taken of it before anything was stored.
            wanted = np.sin(part.times).astype(np.float32)
            assert np.array_equal(part.samples[:, 0].astype(np.float32), wanted), "a wrong value"
            parts.setdefault(str(role), []).append(part.times)
    return {role: np.concatenate(times) for role, times in parts.items()}


def same(a: Seen, b: Seen) -> bool:
    """Tell whether two readings are equal to the bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def within(part: Seen, whole: Seen) -> bool:
    """Tell whether a reading holds nothing that the other does not."""
    return all(np.isin(times, whole[role]).all() for role, times in part.items())


def kill_once(base: Path, seconds: float) -> tuple[float, Path]:
    """Kill a recorder that is followed; return what is lost [s], and the recording."""
    process, path = recorder(base)
    followed: list[Seen] = []
    follower = threading.Thread(target=lambda: followed.append(seen(Recording(path, follow=True))))
    follower.start()
    time.sleep(seconds)
    at = local_clock()
    process.kill()
    process.wait()
    follower.join(60)
    after = seen(Recording(path))
    assert followed and same(followed[0], after), "the follower saw something else"
    repair(path, repaired := path.with_name("repaired"))
    assert same(seen(Recording(repaired)), after) and verify(repaired) == []
    assert all(sealed_header(repaired / f"{r}.xdf") != sealed_header(path / f"{r}.xdf") for r in ROLES)
    return at - min(float(times[-1]) for times in after.values()), path


def changed(path: Path, rng: random.Random, how: str) -> None:
    """Cut the client's file at any byte, change one, or exchange two frames."""
    file = path / CLIENT
    data = bytearray(file.read_bytes())
    begin = 8 + int.from_bytes(data[4:8], "little")
    if how == "cut":
        del data[rng.randrange(len(data)) :]
    elif how == "flip":
        data[rng.randrange(len(data))] ^= rng.randrange(1, 256)
    else:
        marks = [begin, *(k for k in range(begin + 1, len(data)) if data[k : k + 4] == MARK), len(data)]
        a, b = sorted(rng.sample(range(len(marks) - 1), 2))
        ends = [bytes(data[marks[k] : marks[k + 1]]) for k in range(len(marks) - 1)]
        ends[a], ends[b] = ends[b], ends[a]
        data = data[:begin] + b"".join(ends)
    file.write_bytes(data)


def damaged(path: Path, times: int, how: str, seed: int = 1) -> tuple[int, int]:
    """Change a closed recording again and again; return how often `verify` named it, and wrong readings."""
    rng, whole, named, wrong = random.Random(seed), seen(Recording(path)), 0, 0
    original = (path / CLIENT).read_bytes()
    for _ in range(times):
        while (path / CLIENT).read_bytes() == original:
            changed(path, rng, how)
        named += any(f.file == CLIENT for f in verify(path))
        try:
            wrong += not within(seen(Recording(path)), whole)
        except Exception as error:  # one line that names the file, and nothing else
            wrong += CLIENT not in str(error)
        (path / CLIENT).write_bytes(original)
    return named, wrong


def closed(base: Path, seconds: float) -> Path:
    """Return a sealed recording that was ended."""
    process, path = recorder(base)
    time.sleep(seconds)
    Client.find(path).stop()
    process.wait(60)
    return path


def stopped(base: Path, seconds: float) -> str:
    """Stop a recorder for so long and let it go on; say what the recording tells of it."""
    process, path = recorder(base)
    time.sleep(2)
    os.kill(process.pid, 19)
    time.sleep(seconds)
    os.kill(process.pid, 18)
    time.sleep(2)
    Client.find(path).stop()
    process.wait(60)
    lost = max(float(np.diff(times).max()) for times in seen(Recording(path)).values())
    told = [i.message for i in Recording(path) if isinstance(i, Notice)]
    return f"longest step {1e3 * lost:.0f} ms, {verify(path) or 'whole'}; {told}"


def filled(base: Path) -> str:
    """Fill the disk under a recorder; say what is left, or that no disk can be mounted here."""
    disk = base / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={MINIMUM + (5 << 20)}", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        return "no small disk can be mounted here"
    try:
        process, path = recorder(disk / "out")
        fill(disk)
        process.wait(60)
        steps = max(float(np.diff(times).max()) for times in seen(Recording(path)).values())
        return f"{Recording(path).state}, longest step {1e3 * steps:.0f} ms, {verify(path)[0].message}"
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--cuts", type=int, default=200)
    parser.add_argument("--flips", type=int, default=200)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, key_store(Path(name)):
        base, rng = Path(name), random.Random(4)
        lost = [kill_once(base / f"k{k}", rng.uniform(0.1, 3.0))[0] for k in range(given.kills)]
        print(f"killed {given.kills} times: lost {1e3 * min(lost):.0f} to {1e3 * max(lost):.0f} ms")
        print("what was followed, read afterwards and repaired is equal to the bit each time")
        one, two = closed(base / "a", 6.0), closed(base / "b", 0.5)
        heads = [sealed_header(p / CLIENT) for p in (one, two)]
        assert all(heads) and heads[0].key != heads[1].key and heads[0].salt != heads[1].salt  # type: ignore[union-attr]
        for how, times in (("cut", given.cuts), ("flip", given.flips), ("exchange", given.flips // 2)):
            named, wrong = damaged(one, times, how)
            print(f"{how}: named by verify {named} of {times}, wrong readings {wrong}")
        shutil.copyfile(two / CLIENT, one / CLIENT)
        print(f"file of another recording: {[str(f) for f in verify(one)][:2]}")
        print(f"stopped for 5 s: {stopped(base / 's', 5.0)}")
        print(f"disk filled: {filled(base)}")


if __name__ == "__main__":
    main()
