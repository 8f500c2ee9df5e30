"""attune cohort on a cluster: a scheduler and two workers on three machines, as name spaces; one is killed.

    sudo python -m benchmarks.cluster_namespaces [--n 8] [--keep DIR]

Each worker has a network of its own, joined to the scheduler's by a virtual cable; all see one file system,
as on a cluster. The bytes of the store are compared with those of a run of this machine alone. Linux, with
rights for name spaces; nothing outside is touched.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.processing.cohort.cohorts import write_cohort

PORT = 8786
BRIDGE = "10.204.7"
ROOT = Path(__file__).resolve().parents[1]


def ip(*words: str) -> None:
    """Run ip."""
    subprocess.run(["ip", *words], check=True)


@contextlib.contextmanager
def machines(names: list[str]) -> Iterator[None]:
    """Make name spaces joined by a bridge in the first of them; gone at the end."""
    head = names[0]
    try:
        for name in names:
            ip("netns", "add", name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", head, "link", "add", "bridge0", "type", "bridge")
        ip("-n", head, "addr", "add", f"{BRIDGE}.1/24", "dev", "bridge0")
        ip("-n", head, "link", "set", "bridge0", "up")
        for k, name in enumerate(names[1:], 2):
            ip("-n", head, "link", "add", f"port{k}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("-n", head, "link", "set", f"port{k}", "master", "bridge0", "up")
            ip("-n", name, "addr", "add", f"{BRIDGE}.{k}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
        yield
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def start(machine: str, *words: str, log: Path) -> subprocess.Popen[bytes]:
    """Start Python on a machine; it may import this source."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    with log.open("ab") as file:
        return subprocess.Popen(
            ["ip", "netns", "exec", machine, sys.executable, "-m", *words],
            env=environment, stdout=file, stderr=file, cwd=ROOT, start_new_session=True,
        )  # fmt: skip


def attune(*words: str | Path, machine: str = "") -> str:
    """Run attune, and return what it said."""
    prefix = ["ip", "netns", "exec", machine] if machine else []
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [*prefix, sys.executable, "-m", "viewer.cli", *map(str, words)],
        env=environment, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stderr + done.stdout


def digests(store: Path) -> dict[str, str]:
    """Return the SHA-256 of every Parquet file of a store."""
    return {
        str(p.relative_to(store)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(store.rglob("*.parquet"))
    }


def on_the_cluster(base: Path, names: list[str]) -> tuple[float, str]:
    """Run the cohort on two workers, of which one is killed; return the seconds and what was said."""
    log = base / "cluster.log"
    address = f"tcp://{BRIDGE}.1:{PORT}"
    scheduler = start(
        names[0], "distributed.cli.dask_scheduler", "--host", f"{BRIDGE}.1", "--port", str(PORT),
        "--no-dashboard", log=log,
    )  # fmt: skip
    workers = [
        start(
            name, "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny",
            "--local-directory", str(base / name), log=log,
        )
        for name in names[1:]
    ]  # fmt: skip
    client = subprocess.Popen(
        ["ip", "netns", "exec", names[0], sys.executable, "-m", "viewer.cli", "cohort",
         str(base / "recordings"), "--out", str(base / "store"), "--scheduler", address],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    begin = time.monotonic()
    said = []
    try:
        assert client.stderr is not None
        for line in client.stderr:
            said.append(line)
            if len(said) == 1:
                os.killpg(workers[0].pid, signal.SIGKILL)
                said.append(f"(killed the worker on {names[1]})\n")
        if client.wait(600):
            raise SystemExit("".join(said) + log.read_text())
    finally:
        for process in (client, *workers, scheduler):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
    return time.monotonic() - begin, "".join(said)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=8)
    parser.add_argument("--keep", type=Path, help="Where recordings and stores stay.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cluster-") as place:
        base = given.keep or Path(place)
        sessions = [(f"D{k // 4 + 1:02d}", k % 4 + 1, k + 1) for k in range(given.n)]
        if not (base / "recordings").exists():
            write_cohort(base / "recordings", sessions)
        names = [f"{name}{os.getpid()}" for name in ("head", "first", "second")]
        with machines(names):
            seconds, said = on_the_cluster(base, names)
        print(said)
        print(f"{given.n} sessions of 12 min over TCP, one of two workers killed: {seconds:.0f} s")
        attune("cohort", base / "recordings", "--out", base / "alone", "--jobs", "1")
        here, there = digests(base / "alone"), digests(base / "store")
        same = {k: v for k, v in here.items() if "=" in k} == {k: v for k, v in there.items() if "=" in k}
        print(f"{len(here)} files, the same bytes as in one process of this machine: {same}")
        raise SystemExit(not same)


if __name__ == "__main__":
    main()
