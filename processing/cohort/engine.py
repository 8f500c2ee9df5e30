"""Run the tasks of a cohort on Dask: in processes of this machine, or on a scheduler that is there already.

Nothing leaves the machine by default: the scheduler listens on the loopback alone, speaks TLS with keys that
only this run knows, and has no dashboard. A worker that is killed costs its task, which another takes over.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from acquisition.errors import ResultsError
from processing.cohort.job import Done, Job, work

if TYPE_CHECKING:
    from distributed import Client

LOOPBACK = "127.0.0.1"
PATIENCE = 20.0
"""How long a scheduler and its first worker are waited for [s]."""
SCHEMES = ("tcp", "tls")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(jobs: Sequence[Job], *, scheduler: str, n: int, told: Callable[[Job, Done], None]) -> None:
    """Do all jobs; each is told when it is done, in whatever order that is.

    Parameters
    ----------
    scheduler : str
        Address of a Dask scheduler; "" for processes of this machine.
    n : int
        How many processes, without a scheduler.

    Raises
    ------
    ResultsError
        If there is no scheduler, no worker, or one of another version.
    """
    if not jobs:
        return
    with _client(scheduler, min(n, len(jobs))) as client:
        from distributed import as_completed

        waiting, running = list(reversed(jobs)), dict[Any, Job]()

        def begin() -> list[Any]:
            """Hand out one a thread: what waits on a worker would be blamed for its end."""
            free = max(sum(client.nthreads().values()), 1) - len(running)
            fresh: list[Any] = []
            while waiting and len(fresh) < free:
                job = waiting.pop()
                future = client.submit(work, job, key=f"session-{job.digest}")
                running[future] = job
                fresh.append(future)
            return fresh

        try:
            done = as_completed(begin(), loop=client.loop)
            for future in done:
                job = running.pop(future)
                told(job, _result(job, future))
                future.release()
                done.update(begin())
        except BaseException:
            client.cancel(list(running), force=True)
            raise


def _result(job: Job, future: Any) -> Done:
    """Return what a task gave; one that ended otherwise is a reason, not the end of the others."""
    error = future.exception()
    if error is None:
        done: Done = future.result()
        return done
    if type(error).__name__ == "KilledWorker":
        return Done(job.place.known.path, "each worker that took it was ended from outside (out of memory?)")
    return Done(job.place.known.path, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


@contextmanager
def _client(scheduler: str, n: int) -> Iterator[Client]:
    _hush()
    with ExitStack() as kept:
        if scheduler:
            yield kept.enter_context(_remote(scheduler))
        else:
            yield kept.enter_context(_local(n, kept))


def _local(n: int, kept: ExitStack) -> Client:
    """Return the client of a cluster in processes of this machine, closed with `kept`."""
    import dask
    from distributed import Client, LocalCluster
    from distributed.security import Security

    place = kept.enter_context(tempfile.TemporaryDirectory(prefix="attunement-", ignore_cleanup_errors=True))
    kept.enter_context(
        dask.config.set(
            {
                "temporary-directory": place,
                # A worker that takes long over a session is at work, not lost.
                "distributed.scheduler.worker-ttl": None,
                "distributed.worker.daemon": True,
                # Nothing is served over HTTP: no page, no health, no metrics.
                "distributed.scheduler.http.routes": [],
                "distributed.worker.http.routes": [],
                "distributed.comm.timeouts.connect": "30s",
            }
        )
    )
    cluster = kept.enter_context(
        LocalCluster(
            n_workers=n,
            threads_per_worker=1,
            processes=True,
            host=LOOPBACK,
            scheduler_kwargs={"dashboard": False, "dashboard_address": f"{LOOPBACK}:0"},
            worker_dashboard_address=f"{LOOPBACK}:0",
            security=Security.temporary(),
            silence_logs=logging.CRITICAL,
            local_directory=place,
        )
    )
    client: Client = kept.enter_context(Client(cluster, set_as_default=False))
    return client


@contextmanager
def _remote(address: str) -> Iterator[Client]:
    """Give the client of a scheduler that is there, with at least one worker of this version."""
    if address.partition("://")[0] not in SCHEMES:
        known = ", ".join(f"{s}://HOST:PORT" for s in SCHEMES)
        raise ResultsError(f"--scheduler {address}: no address of a scheduler ({known})")
    from distributed import Client

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ResultsError(
            f"--scheduler {address}: no scheduler answers ({' '.join(str(error).split())[:120]})"
        ) from None
    with client:
        _refuse_others(client, address)
        yield client


def _refuse_others(client: Client, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError:
        raise ResultsError(f"--scheduler {address}: no worker has come to it in {PATIENCE:g} s") from None
    try:
        found: dict[str, str] = client.run(_own_version)
    except Exception as error:  # whatever a worker without this package raises
        why = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        raise ResultsError(f"--scheduler {address}: a worker does not know Attunement ({why})") from None
    if others := {w: v for w, v in found.items() if v != _own_version()}:
        worker, other = next(iter(others.items()))
        raise ResultsError(
            f"--scheduler {address}: worker {worker} has Attunement {other}, here is {_own_version()}"
        )


def _hush() -> None:
    """Let Dask keep its log to itself: what concerns the user is an error of ours, in a line."""
    import distributed  # it sets its log up when it is imported

    for name in (distributed.__name__, *logging.root.manager.loggerDict):
        if name.partition(".")[0] == distributed.__name__:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _own_version() -> str:
    return version("attunement")
