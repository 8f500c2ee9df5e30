"""Shared fixtures."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import HealthCheck, settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `attune` does; workers share the cores anyway
# Streams of a test run stay among themselves, and so do those of each worker, which inherits what was set.
os.environ["ATTUNEMENT_LSL_SESSION"] = f"attunement-test-{os.getpid()}"
# The suite starts `attune` some two hundred times: what a run compiles is kept for the next process.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# The suite says the same of the same tree each time; `make hunt` draws anew. What it finds is kept.
# How long an example takes is the machine's matter.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("the same", BUSY, derandomize=True)
settings.register_profile("anew", BUSY, print_blob=True)
settings.load_profile("the same")
with suppress(ImportError):
    # Bumble words and colours each line that it might log, logged or not: a third of the time of a radio.
    import bumble.colors
    import bumble.hci

    bumble.colors.color = lambda text, *_, **__: text
    bumble.hci.HCI_Object.format_fields = staticmethod(lambda *_, **__: "")  # type: ignore[method-assign]
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A run in the background was told to ignore it, and so would be whatever a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give this worker places of its own: it meets nobody else's recorders, keys and settings."""
    root = tmp_path_factory.mktemp("places")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RUNTIME_DIR", "CONFIG_HOME", "DATA_HOME", "STATE_HOME"):
            (root / name).mkdir(mode=0o700)
            patch.setenv(f"XDG_{name}", str(root / name))
        yield


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of reference recordings, which are never part of the project."""
    root = Path(__file__).resolve().parents[1]
    path = Path(os.environ.get("ATTUNEMENT_DATA", root.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"no reference recordings at {path}")
    return path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Use one worker more than cores, since many tests wait for real time; with two more, long ones meet."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return cores + 1


def pytest_collection(session: pytest.Session) -> None:
    """Let the workers of a whole run begin to import at different tests.

    Each has to import all of them, and in a fresh clone to compile them first; of what one has compiled the
    others take the file. A test that cannot be imported says so when it is collected.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker or session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS:
        return
    files = sorted(Path(__file__).parent.rglob("test_*.py"))
    begin = int(worker.removeprefix("gw")) * len(files) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    for file in files[begin:] + files[:begin]:
        name = ".".join(file.relative_to(session.config.rootpath).with_suffix("").parts)
        with suppress(Exception, pytest.skip.Exception):
            import_module(name)


def pytest_collection_finish() -> None:
    """Take what was collected out of the garbage collector's rounds: thousands of tests outlive them all."""
    gc.collect()
    gc.freeze()


MOST_LONG = 0.8
"""The part of the run in which long files begin."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what shows windows as real time; put files in an order that keeps all cores at work to the end.

    Files that wait for real time, long ones that compute and the others take turns, so that some workers wait
    while others compute; in each kind large files come first, lest one worker ends alone.
    """
    for item in items:
        if "qtbot" in getattr(item, "fixturenames", ()):
            item.add_marker("realtime")
    every = Counter(item.path for item in items)
    slow, real = (
        Counter(item.path for item in items if item.get_closest_marker(name)) for name in ("slow", "realtime")
    )
    kinds: dict[tuple[bool, bool], list[Path]] = {}
    for path in sorted(every, key=lambda path: (-slow[path], -real[path], -every[path])):
        kinds.setdefault((slow[path] > 0, real[path] > 0), []).append(path)
    place = {
        path: (k + 0.5) / len(some) * (MOST_LONG if is_long else 1.0)
        for (is_long, _), some in kinds.items()
        for k, path in enumerate(some)
    }
    items.sort(key=lambda item: (place[item.path], str(item.path)))


PACKAGES = {
    "Xvfb": "xvfb xdotool",
    "xdotool": "xvfb xdotool",
    "xcb platform": "libxcb-cursor0 libxkbcommon-x11-0 libxcb-icccm4 libxcb-keysyms1 libxcb-image0 "
    "libxcb-render-util0 libxcb-shape0 libxcb-xinerama0",
    "dbus-daemon": "dbus",
    "espeak-ng": "espeak-ng",
    "sox": "sox libsox-fmt-pulse",
    "pulseaudio": "pulseaudio pulseaudio-utils libasound2-plugins",
    "PulseAudio": "pulseaudio pulseaudio-utils libasound2-plugins",
    "pactl": "pulseaudio-utils",
    "PortAudio": "libportaudio2",
    "network namespace": "iproute2",
}
"""What a reason to skip says → the Debian packages that end it."""


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Name what would let the skipped tests run here."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    lacking = sorted({p for r in reasons for word, ps in PACKAGES.items() if word in r for p in ps.split()})
    if lacking:
        terminalreporter.write_line(
            f"Some tests were skipped for want of packages: sudo apt-get install {' '.join(lacking)}"
        )
    if any("no reference recordings" in reason for reason in reasons):
        terminalreporter.write_line(
            "Some tests were skipped for want of the laboratory's reference recordings (ATTUNEMENT_DATA=DIR)."
        )
