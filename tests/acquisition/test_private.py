"""A process of ours is silent, writes for its user alone, and leaves no image of its memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acquisition.private import SILENT

ROOT = Path(__file__).resolve().parents[2]
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and core dumps are POSIX's")
CRASH = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
PRIVATE = "from acquisition.private import keep_private; keep_private()\n"


def run(code: str, folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process that may leave a core and whose files anybody may read."""
    kept = {k: v for k, v in os.environ.items() if k not in (*SILENT, "MPLCONFIGDIR")}
    bare = "import resource as r; r.setrlimit(r.RLIMIT_CORE, (r.getrlimit(r.RLIMIT_CORE)[1],) * 2)\n"
    return subprocess.run(
        [sys.executable, "-c", bare + code, *map(str, words)],
        cwd=folder, env=kept | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}, umask=0,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@posix
def test_a_crash_leaves_no_core(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert run(CRASH, tmp_path / "a").returncode < 0
    if not list((tmp_path / "a").iterdir()):
        pytest.skip("this system writes cores elsewhere, or none")
    assert run(PRIVATE + CRASH, tmp_path / "b").returncode < 0
    assert list((tmp_path / "b").iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's")
def test_the_limit_and_the_flag_are_set(tmp_path: Path) -> None:
    ask = (
        "import ctypes, resource; print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3))"
    )
    assert run(ask, tmp_path).stdout.strip() != "(0, 0) 0"
    assert run(PRIVATE + ask, tmp_path).stdout.strip() == "(0, 0) 0"


@posix
def test_files_and_directories_are_the_users_alone(tmp_path: Path) -> None:
    make = "import os; os.mkdir('d'); open('f', 'w').close(); "
    make += "print(*(oct(os.stat(name).st_mode & 0o777) for name in 'fd'))"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert run(make, tmp_path / "a").stdout.split() == ["0o666", "0o777"]
    assert run(PRIVATE + make, tmp_path / "b").stdout.split() == ["0o600", "0o700"]


def test_telemetry_is_off_before_the_library_is_imported(tmp_path: Path) -> None:
    pytest.importorskip("swift_f0")
    look = "import os, sys\n{}print('onnxruntime' in sys.modules, os.environ.get('ORT_DISABLE_TELEMETRY'))"
    assert run(look.format(""), tmp_path).stdout.split() == ["False", "None"]
    assert run(look.format(PRIVATE), tmp_path).stdout.split() == ["False", "1"]
    load = "from acquisition.voice.models import load_models; load_models()\n"
    assert run(look.format(load), tmp_path).stdout.split() == ["True", "1"]


def test_nothing_else_imports_the_library_with_telemetry() -> None:
    files = [p for floor in ("acquisition", "processing", "viewer") for p in (ROOT / floor).rglob("*.py")]
    words = ("import swift_f0", "from swift_f0", "import onnxruntime", "from onnxruntime")
    users = {p.name for p in files if any(word in p.read_text("utf-8") for word in words)}
    assert users == {"models.py"}


def test_the_list_of_fonts_is_gone_with_the_process(tmp_path: Path) -> None:
    draw = "import matplotlib, matplotlib.font_manager; print(matplotlib.get_cachedir())"
    said = run(PRIVATE + draw, tmp_path).stdout.strip()
    assert Path(said).parent == tmp_path  # it was there
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_place_for_fonts_is_kept(tmp_path: Path) -> None:
    own = f"import os; os.environ['MPLCONFIGDIR'] = {str(tmp_path)!r}\n"
    assert run(own + PRIVATE + "print(os.environ['MPLCONFIGDIR'])", tmp_path).stdout.strip() == str(tmp_path)
