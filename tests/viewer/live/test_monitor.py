"""--monitor-only: no disk ever holds what was measured, and nothing goes on when the window is gone."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import RecordingError
from acquisition.recorder.leash import MONITOR
from acquisition.simulation.demo_session import simulated_session
from tests.waiting import wait_for
from viewer.live import monitor, swap

ROOT = Path(__file__).resolve().parents[3]
SHM = Path("/dev/shm")
BLOCK = 4096
"""Size of a block of the disk of the test; those of a file need not follow on each other there."""
PATTERNS, WIDTH = 200, 24
pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not monitor.lies_in_memory(SHM), reason="no file system in memory here"),
]


def why_no_disk() -> str:
    """Say why no disk of our own can be made here; "" if one can."""
    if os.geteuid() != 0:
        return "a disk of one's own takes root"
    if shutil.which("mkfs.ext4") is None or shutil.which("losetup") is None:
        return "no mkfs.ext4 or losetup here"
    free = subprocess.run(["losetup", "-f"], capture_output=True, check=False)
    return "" if free.returncode == 0 else "no loop devices here"


@contextmanager
def disk(folder: Path) -> Iterator[Path]:
    """Give a mounted disk, which is the file folder/disk."""
    with (folder / "disk").open("wb") as file:
        file.truncate(160 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-b", str(BLOCK), folder / "disk"], check=True)
    (folder / "mounted").mkdir()
    subprocess.run(["mount", "-o", "loop", folder / "disk", folder / "mounted"], check=True)
    try:
        yield folder / "mounted"
    finally:
        subprocess.run(["umount", folder / "mounted"], check=True)


def patterns(recording: Path) -> list[bytes]:
    """Return pieces of what a recording holds of the client that are like nothing else."""
    data = (recording / "client.xdf").read_bytes()
    rng = np.random.default_rng(1)
    found: dict[bytes, None] = {}
    for at in rng.integers(8192, len(data) - WIDTH, 100_000).tolist():
        piece = data[at : at + WIDTH]
        if at % BLOCK > BLOCK - WIDTH:
            continue
        if len(set(piece)) >= WIDTH * 3 // 4 and sum(b > 127 for b in piece) >= WIDTH // 4:
            found[piece] = None
        if len(found) == PATTERNS:
            return list(found)
    raise AssertionError("too little was recorded")


def written(image: Path) -> bytes:
    """Return what is on a disk; blocks of zeros hold nothing, and would take minutes to search."""
    whole = image.read_bytes()
    blocks = (whole[at : at + BLOCK] for at in range(0, len(whole), BLOCK))
    return b"".join(block for block in blocks if block.strip(b"\0"))


class Lab:
    """Run `attune live` where everything but memory is on the disk of the test."""

    def __init__(self, root: Path, seed: int = 1) -> None:
        self.root, self.seed = root, seed  # nobody's heart beats twice alike
        for name in ("home", "tmp", "run"):
            (root / name).mkdir(mode=0o700)

    @contextmanager
    def live(self, *words: str | Path) -> Iterator[subprocess.Popen[str]]:
        kept = {
            k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "MPLCONFIGDIR")
        }
        places = {
            "HOME": self.root / "home",
            "TMPDIR": self.root / "tmp",
            "XDG_RUNTIME_DIR": self.root / "run",
        }
        (self.root / "s.toml").write_text(simulated_session(seed=self.seed, past=False))
        command = [sys.executable, "-m", "viewer.cli", "live", "s.toml", "--headless", *map(str, words)]
        process = subprocess.Popen(
            command, cwd=self.root, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env=kept | {k: str(v) for k, v in places.items()} | {"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


def monitored(parent: Path) -> list[Path]:
    return [p.parent for p in parent.glob(f"{MONITOR}*/*/client.xdf")]


def recorder_of(process: subprocess.Popen[str]) -> int:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return next(int(c) for c in children if b"acquisition.cli" in Path(f"/proc/{c}/cmdline").read_bytes())


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def measured(recording: Path) -> list[bytes]:
    """Return pieces of a recording that grows, as soon as it holds enough."""
    wait_for(lambda: (recording / "client.xdf").stat().st_size > 60_000, "something was measured")
    return patterns(recording)


def wait_for_end(pid: int) -> None:
    wait_for(lambda: not alive(pid), "the recorder ends")


def kill_window(window: int, recorder: int) -> None:
    os.kill(window, signal.SIGKILL)


def kill_recorder(window: int, recorder: int) -> None:
    os.kill(recorder, signal.SIGKILL)


def kill_both(window: int, recorder: int) -> None:
    os.kill(window, signal.SIGKILL)
    os.kill(recorder, signal.SIGKILL)


def stop(window: int, recorder: int) -> None:
    os.kill(window, signal.SIGINT)


ENDS: tuple[Callable[[int, int], None], ...] = (stop, kill_window, kill_recorder, kill_both)


@pytest.fixture
def memory() -> Iterator[Path]:
    path = SHM / f"attunement-test-{os.getpid()}"
    path.mkdir(mode=0o700)
    yield path
    shutil.rmtree(path)


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_disk()), reason=why_no_disk() or "a disk of our own")
def test_of_a_deleted_recording_the_search_finds_all_on_the_disk(tmp_path: Path) -> None:
    with disk(tmp_path) as root:
        with Lab(root).live("--out", root / "kept", "--seconds", "4") as process:
            assert process.wait(120) == 0
        (kept,) = (root / "kept").glob("*")
        recorded = patterns(kept)
        for file in kept.rglob("*.*"):
            with file.open("rb") as written_out:
                os.fsync(written_out.fileno())  # what a cache still held would never reach the disk
        shutil.rmtree(root / "kept")
    found = written(tmp_path / "disk")
    assert sum(p in found for p in recorded) == PATTERNS


@pytest.mark.slow
@pytest.mark.skipif(bool(why_no_disk()), reason=why_no_disk() or "a disk of our own")
def test_no_byte_of_a_monitor_is_on_the_disk_however_it_ends(tmp_path: Path, memory: Path) -> None:
    def monitored_until(end: Callable[[int, int], None], root: Path) -> list[bytes]:
        """Return what was measured before an end after which nothing is left in memory."""
        place = memory / end.__name__
        for path in (root, place):
            path.mkdir(mode=0o700)
        with Lab(root, seed=10 + ENDS.index(end)).live("--monitor-only", "--out", place) as process:
            wait_for(lambda: bool(monitored(place)), "a monitor begins")
            (path,) = monitored(place)
            pieces, recorder = measured(path), recorder_of(process)
            end(process.pid, recorder)
            wait_for_end(recorder)
            wait_for(lambda: list(place.iterdir()) == [], f"{end.__name__}: nothing is left")
        return pieces

    with disk(tmp_path) as root, ThreadPoolExecutor(len(ENDS)) as beside:
        told = {end.__name__: beside.submit(monitored_until, end, root / end.__name__) for end in ENDS}
        pieces = {name: future.result() for name, future in told.items()}
    found = written(tmp_path / "disk")
    assert {name: sum(p in found for p in ps) for name, ps in pieces.items()} == {e.__name__: 0 for e in ENDS}


def test_a_place_on_a_disk_is_refused_with_the_way_out(tmp_path: Path) -> None:
    if monitor.lies_in_memory(tmp_path):
        pytest.skip("temporary files lie in memory here")
    lab = Lab(tmp_path)
    with lab.live("--monitor-only", "--out", tmp_path) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"{tmp_path}: does not lie in memory" in said
    assert "/dev/shm" in said
    assert len(said.splitlines()) == 1
    assert not list(tmp_path.glob(f"{MONITOR}*"))


def test_without_a_monitor_the_recorder_outlives_the_window(tmp_path: Path) -> None:
    with Lab(tmp_path).live("--out", tmp_path / "kept", "--seconds", "6") as process:
        wait_for(lambda: bool(list(tmp_path.glob("kept/*/session.toml"))), "the recording begins")
        recorder = recorder_of(process)
        os.kill(process.pid, signal.SIGKILL)
        wait_for(lambda: not alive(recorder), "it ends by itself")
    (path,) = tmp_path.glob("kept/*")
    assert (path / "manifest.json").exists()


def mounts(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mountinfo").write_text(text)
    monkeypatch.setattr(monitor, "_MOUNTS", folder / "mountinfo")


def test_the_nearest_mount_and_the_last_one_there_decide(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a b"
    (place / "c").mkdir(parents=True)
    escaped = str(place).replace(" ", r"\040")
    root, memory = (
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n",
        f"2 1 0:5 / {escaped} rw shared:3 - tmpfs tmpfs rw\n",
    )
    mounts(tmp_path, root + memory, monkeypatch)
    assert monitor.lies_in_memory(place / "c")
    assert not monitor.lies_in_memory(tmp_path)
    mounts(tmp_path, root + memory + f"3 2 8:2 / {escaped}/c rw - ext4 /dev/sdb rw\n", monkeypatch)
    assert not monitor.lies_in_memory(place / "c")
    mounts(tmp_path, root + memory + f"3 2 8:2 / {escaped} rw - ext4 /dev/sdb rw\n", monkeypatch)
    assert not monitor.lies_in_memory(place / "c")


def test_what_nobody_can_tell_is_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitor, "_MOUNTS", tmp_path / "none")
    assert not monitor.lies_in_memory(SHM)


def machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make up a machine: sda2 is plain, dm-0 encrypted, dm-1 made of it, dm-2 of it and of sda2; two zram."""
    block = folder / "sys" / "class" / "block"
    for name, uuid in (("dm-0", "CRYPT-PLAIN-swap"), ("dm-1", "LVM-x"), ("dm-2", "LVM-y"), ("sda2", "")):
        (block / name / "slaves").mkdir(parents=True)
        if uuid:
            (block / name / "dm").mkdir()
            (block / name / "dm" / "uuid").write_text(uuid + "\n")
    for name, parts in (("dm-1", ["dm-0"]), ("dm-2", ["dm-0", "sda2"])):
        for part in parts:
            (block / name / "slaves" / part).symlink_to(block / part)
    for name, behind in (("zram0", "none\n"), ("zram1", "/dev/sda3\n")):
        (folder / "sys" / "block" / name).mkdir(parents=True)
        (folder / "sys" / "block" / name / "backing_dev").write_text(behind)
    number = os.stat(folder).st_dev
    own = folder / "sys" / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    own.parent.mkdir(parents=True)
    own.symlink_to(block / "sda2")
    monkeypatch.setattr(swap, "_SYS", folder / "sys")
    monkeypatch.setattr(swap, "_SWAPS", folder / "swaps")


@pytest.mark.parametrize(
    ("places", "plain"),
    [
        ([], []),
        (["/dev/zram0"], []),
        (["/dev/zram1"], ["/dev/zram1"]),
        (["/dev/sda2"], ["/dev/sda2"]),
        (["/dev/dm-0", "/dev/dm-1"], []),
        (["/dev/dm-0", "/dev/dm-2"], ["/dev/dm-2"]),
        (["/dev/unknown"], ["/dev/unknown"]),
        (["{folder}/a file"], ["{folder}/a file"]),
        (["/nowhere/swapfile"], ["/nowhere/swapfile"]),
    ],
)
def test_a_monitor_refuses_where_memory_may_be_written_to_a_disk_in_plain(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch, places: list[str], plain: list[str]
) -> None:
    machine(tmp_path, monkeypatch)
    (tmp_path / "a file").touch()
    rows = "".join(f"{p.format(folder=tmp_path).replace(' ', chr(92) + '040')} file 8 0 -2\n" for p in places)
    (tmp_path / "swaps").write_text("Filename Type Size Used Priority\n" + rows)
    found = [p.format(folder=tmp_path) for p in plain]
    assert swap.plain_swaps() == found
    if not found:
        with monitor.in_memory(memory) as place:
            assert place.directory.is_dir()
        return
    with (
        pytest.raises(RecordingError, match=r"memory may be written to .*swapoff"),
        monitor.in_memory(memory),
    ):
        pass
    assert list(memory.iterdir()) == [], "nothing was begun"


@pytest.mark.parametrize("system", ["darwin", "win32"])
def test_elsewhere_than_on_linux_a_monitor_is_refused_in_one_line(
    system: str, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    said = "--monitor-only: only Linux tells"
    with pytest.raises(RecordingError, match=said) as refused, monitor.in_memory(memory):
        pass
    assert "\n" not in str(refused.value)


def test_a_sweep_takes_what_was_left_and_leaves_who_is_at_work(memory: Path) -> None:
    (memory / f"{MONITOR}left").mkdir()
    (memory / "other").mkdir()
    with monitor.in_memory(memory) as place:
        assert not (memory / f"{MONITOR}left").exists()
        monitor.sweep(memory)
        assert place.directory.exists()
    assert sorted(p.name for p in memory.iterdir()) == ["other"]
