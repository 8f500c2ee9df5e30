"""Fuzz every reader of `attune import`: damaged files are imported or named in one line, soon and in bounds.

    python benchmarks/fuzz_readers.py 900 --more FOLDER
    python benchmarks/fuzz_readers.py 60 --seed 7

Files of every layout (those of the tests, and any in FOLDER) are changed: bytes flipped, cut, doubled, moved;
numbers, signs and words of a text replaced by ones that hurt. Each is recognised and imported with its
damage accepted, in a process of its own for each 25 files, whose memory and time are measured. Prints a
line per fault and the counts; ends with 1 if anything but a refusal of one line came out.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acquisition.errors import AttunementError
from acquisition.importing.assigning import import_as
from acquisition.importing.options import Options
from acquisition.importing.recognition import recognised
from acquisition.stream import Role
from tests.acquisition.importing.layout_files import FILES

BATCH = 25
SECONDS = 45.0
"""Longest that one small file may take, those read by a library in a process of its own included."""
GIB = 1 << 30
NUMBERS = (
    *("0", "-1", "1e308", "-1e308", "1e-320", "nan", "inf", "-inf", "1e400", "99999999999999999999", "0x10"),
    *("1,5", "1.234.567,8", "2147483648", "-2147483649", "65536", "1e9", "0.0000001", "٣", "1_000", "", " "),
)
WORDS = (
    *(
        "\0",
        "\ufeff",
        '"',
        "'",
        "\\",
        "\r",
        "\n\n",
        "\t",
        ";",
        ",",
        "#",
        "{",
        "}",
        "[",
        "]",
        "<",
        "&#0;",
        "é" * 40,
    ),
    *("2024-13-45T99:99:99", "0000-00-00", "9999-12-31T23:59:59", "1969-12-31", "time", "ecg_mV", "a" * 5000),
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return a file with one to four faults in it."""
    for _ in range(chance.randint(1, 4)):
        data = _text_fault(data, chance) if chance.random() < 0.5 else _byte_fault(data, chance)
    return data


def _byte_fault(data: bytes, chance: random.Random) -> bytes:
    n = len(data)
    a, b = sorted((chance.randint(0, n), chance.randint(0, n)))
    b = min(b, a + chance.choice((1, 2, 4, 8, 64, n)))
    kind = chance.randint(0, 6)
    if kind == 0 and n:
        at = chance.randrange(n)
        return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
    if kind == 1:
        return data[:a]
    if kind == 2:
        return data[:a] + data[b:]
    if kind == 3:
        return data[:b] + data[a:b] * chance.choice((1, 2, 30)) + data[b:]
    if kind == 4:
        return data[:a] + chance.choice((b"\xff", b"\0", b"\x80")) * (b - a) + data[b:]
    if kind == 5:
        wide = chance.choice((0, 1, -1, 2**31 - 1, -(2**31), 2**31 - 2, 10**6)).to_bytes(
            4, "little", signed=True
        )
        return data[:a] + wide + data[a + 4 :]
    return data[:a] + chance.randbytes(b - a) + data[b:]


def _text_fault(data: bytes, chance: random.Random) -> bytes:
    text = data.decode("latin-1")
    found = list(re.finditer(r"[+-]?\d+(?:[.,]\d+)?", text[:200_000]))
    if found and chance.random() < 0.6:
        m = chance.choice(found)
        return (text[: m.start()] + chance.choice(NUMBERS) + text[m.end() :]).encode(
            "utf-8", "surrogateescape"
        )
    if chance.random() < 0.5:
        lines = text.split("\n")
        i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[i], lines[j] = lines[j], lines[i]
        return "\n".join(lines).encode("latin-1")
    at = chance.randint(0, len(text))
    return text[:at].encode("latin-1") + chance.choice(WORDS).encode() + text[at:].encode("latin-1")


def tried(path: Path, out: Path) -> str:
    """Return "read" or "refused"; raise what is neither."""
    try:
        recognised(path)
        import_as([(Role.CLIENT, path)], out=out, options=Options(accept_damage=True))
    except AttunementError as error:
        said = str(error)
        if "\n" in said or path.name not in said.replace(str(out), ""):
            raise AssertionError(f"a refusal that is no line or names no file: {said!r}") from error
        return "refused"
    finally:
        shutil.rmtree(out, ignore_errors=True)
    return "read"


def packed(path: Path, chance: random.Random) -> Path:
    """Return a .gz or .zip of a file, or a .zip of a folder, now and then cut; what it was made of goes."""
    parts = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    if path.is_file() and chance.random() < 0.5:
        made = path.with_name(f"{path.name}.gz")
        made.write_bytes(gzip.compress(path.read_bytes()))
    else:
        made = path.with_name(f"{path.name}.zip")
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in parts:
                archive.write(part, str(part.relative_to(path.parent)))
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    if chance.random() < 0.3:
        made.write_bytes(_byte_fault(made.read_bytes(), chance))
    return made


def folders(place: Path) -> list[Path]:
    """Return the layouts that come as folders: a watch's and an EmotiBit's."""
    e4 = place / "watch"
    with zipfile.ZipFile(FILES["e4 zip"][0](place)) as archive:
        archive.extractall(e4)
    emotibit = place / "emotibit"
    emotibit.mkdir()
    for tag in ("EA", "BI", "AX", "AY", "AZ"):
        rows = [
            f"{1716200000 + i / 15:.6f},{66.7 * i:.3f},{i},4,{tag},1,100,{2 + i / 9:.4f}" for i in range(60)
        ]
        head = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,"
        head += f"DataReliability,{tag}"
        name = f"2024-05-20_11-53-07-043587_{tag}.csv"
        (emotibit / name).write_text("\n".join([head, *rows]) + "\n")
    return [e4, emotibit]


def child(sources: Sequence[Path], seed: int, keep: Path, write: int) -> None:
    """Try a batch; write a line per file."""
    chance = random.Random(seed)
    place = Path(tempfile.mkdtemp(prefix="fuzz"))
    for number in range(BATCH):
        source = chance.choice(sources)
        path = place / source.name
        if source.is_dir():
            shutil.copytree(source, path)
            inner = chance.choice([p for p in sorted(path.rglob("*")) if p.is_file()])
            inner.write_bytes(mutated(inner.read_bytes(), chance))
        else:
            for beside in source.parent.glob(f"{source.name.split('.')[0]}.json"):
                shutil.copy(beside, place)
            path.write_bytes(mutated(source.read_bytes(), chance))
        if chance.random() < 0.3:
            path = packed(path, chance)
        os.write(write, f"{source.name}\n".encode())
        began = time.monotonic()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.alarm(int(SECONDS))
        fault = ""
        try:
            answer = tried(path, place / "imported")
        except BaseException as error:  # whatever comes out is a fault
            answer, fault = "FAULT", "".join(traceback.format_exception(error)[-3:])
        signal.alarm(0)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) << 10
        if grown > GIB:
            answer, fault = "FAULT", f"{grown >> 20} MiB"
        if fault:
            kept = keep / f"{seed}-{number}-{path.name}"
            shutil.copytree(path, kept) if path.is_dir() else shutil.copy(path, kept)
            answer = f"FAULT {kept}: {' '.join(fault.split())[-400:]}"
        os.write(write, f"= {answer} {time.monotonic() - began:.2f} {source.name}\n".encode())
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.rmtree(place, ignore_errors=True)


def batch(sources: Sequence[Path], seed: int, keep: Path) -> list[str]:
    """Run a batch in a process of its own and return its lines; a process that dies is a fault."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(read)
        signal.signal(signal.SIGALRM, _too_long)
        child(sources, seed, keep, write)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        said = [line.rstrip("\n") for line in lines]
    _, status = os.waitpid(pid, 0)
    if status:
        said.append(f"= FAULT seed {seed}: its process ended with {status}: {said[-1:]}")
    return said


def _too_long(*_: object) -> None:
    raise TimeoutError(f"not read in {SECONDS:.0f} s")


def main() -> int:
    """Fuzz for a number of seconds."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("seconds", type=float)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--more", type=Path, help="folder with further files")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "fuzz_readers")
    options = parser.parse_args()
    options.keep.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="fuzz_seeds"))
    sources = []
    for number, (make, *_) in enumerate(FILES.values()):
        folder = place / str(number)
        folder.mkdir()
        sources.append(make(folder))
    sources += folders(place)
    if options.more:
        sources += [
            p
            for p in sorted(options.more.rglob("*"))
            if p.is_file() and p.stat().st_size < 300_000 and p.suffix not in (".py", ".toml")
        ]
    counts: Counter[str] = Counter()
    slowest = (0.0, "")
    end, seed = time.monotonic() + options.seconds, options.seed * 1_000_000
    while time.monotonic() < end:
        for line in batch(sources, seed, options.keep):
            if line.startswith("= "):
                word, *_, seconds, name = line[2:].split(" ") if "FAULT" not in line else ("FAULT", "0", "")
                counts[word] += 1
                slowest = max(slowest, (float(seconds), name))
                if word == "FAULT":
                    print(line, flush=True)
        seed += 1
    shutil.rmtree(place, ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
    print(
        f"{sum(counts.values())} files of {len(sources)}: {dict(counts)}; slowest {slowest}; peak {peak} MiB"
    )
    return 1 if counts["FAULT"] else 0


if __name__ == "__main__":
    sys.exit(main())
