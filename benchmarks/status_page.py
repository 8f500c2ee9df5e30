"""What the status page costs: CPU of its process while a phone watches it, and how late an alarm is.

python benchmarks/status_page.py [SECONDS]
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def states(port: int, token: str) -> Iterator[dict[str, Any]]:
    """Yield what a phone hears."""
    link = http.client.HTTPConnection("127.0.0.1", port)
    link.request("POST", f"/enter/{token}")
    answer = link.getresponse()
    answer.read()
    cookie = str(answer.getheader("set-cookie")).split(";")[0]
    link.request("GET", "/events", headers={"Cookie": cookie})
    answer = link.getresponse()
    while line := answer.readline():
        if line.startswith(b"data:"):
            yield json.loads(line[5:])


def cpu(process: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(seconds: float) -> None:
    """Record sines, watch them for so long, then kill the recorder."""
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "XDG_RUNTIME_DIR": folder, "PYTHONPATH": str(ROOT)}
        run = [sys.executable, "-m"]
        recorder = subprocess.Popen(
            [*run, "tests.acquisition.sine_driver", f"{folder}/out"], env=env, cwd=ROOT
        )
        page = subprocess.Popen(
            [*run, "acquisition.commands.status_page"], env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        try:
            assert page.stdout is not None
            found = re.search(r":(\d+)/enter/(\S+)", page.stdout.readline())
            assert found is not None
            heard = states(int(found[1]), found[2])
            next(s for s in heard if s["state"] == "recording")
            before, begun = cpu(page.pid), time.monotonic()
            while time.monotonic() - begun < seconds:
                next(heard)
            used = (cpu(page.pid) - before) / (time.monotonic() - begun)
            print(f"page: {100 * used:.2f} % of a core while one phone watches ({seconds:g} s)")
            killed = time.monotonic()
            threading.Thread(target=recorder.kill).start()
            next(s for s in heard if s["alarm"])
            print(f"recorder killed: on the page after {time.monotonic() - killed:.2f} s")
        finally:
            recorder.kill()
            page.terminate()
            recorder.wait()
            page.wait()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
