"""A withdrawal from beginning to end: the recording, all that was made of it, and the certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from acquisition.errors import KeyGoneError, KeyStoreError, RecordingError
from acquisition.linking.finding import sha256_of
from acquisition.linking.links_file import alone, write_links
from acquisition.linking.showing import UNKNOWN, ToErase, to_erase
from acquisition.protection.leftovers import nobodys
from acquisition.protection.store_files import put, shred, shred_renamed, user
from acquisition.protection.withdrawal import Step, carry_out, plan
from acquisition.recording.contents import LINKS_NAME
from acquisition.recording.derived import BEGUN, COPY, derived
from acquisition.recording.identity import recorded_id
from acquisition.recording.manifest import sum_of
from acquisition.stream import PEOPLE, Role
from processing.cohort.places import MADE
from processing.cohort.withdrawing import files_of, stores_below
from processing.commands.certified import files_made, free_name, kept_at
from processing.commands.copies import by_id, copies_of, strange_copies
from processing.commands.whose import session_as_known
from processing.export.dataset import forget
from processing.export.withdrawn_bids import dataset_of, parted, remove_empty, sessions_of, take_out
from processing.results.belonging import is_anothers
from processing.results.litter import sweep
from processing.results.withdrawn import SESSION, Taken, plan_results, results_below, take_out_results

OUT_OF_REACH = (
    "Copies outside the places listed here (backups, mail, other machines) are not reached. Where the "
    "recording was sealed, the copies of its files open no more: their key is destroyed. Copies of the key "
    "store itself, tables over several sessions (`attune across --out`), and plain copies not listed here, "
    "must be deleted by hand."
)
CLOSED = (
    "It was done without the unlocked key store: sealed rows beside the recording stay closed, those "
    "of the person open no more; what stands in the other person's file since devices changed hands was not "
    "looked for."
)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Say what withdrawing a person from one recording does, and has done."""

    recording: Path
    role: Role
    code: str
    steps: tuple[Step, ...]
    results: tuple[tuple[Path, tuple[Taken, ...]], ...]
    files: tuple[Path, ...]
    """Reports, pictures and exports that hold both people: they go whole."""
    shared: tuple[Path, ...]
    """Files of whole datasets, of which other sessions keep their rows."""
    places: tuple[Path, ...]
    """Where something was exported to."""
    missing: tuple[Path, ...]
    """What the index names and is not there any more: moved, or deleted."""
    without_keys: bool
    """What is sealed and cannot be opened now goes whole, or stays closed for ever."""
    look_into: tuple[str, ...] = ()
    """What is to be looked into by hand: exports not ended, files of which nobody knows whose they are."""
    videos: tuple[ToErase, ...] = ()
    """Videos of the hour that are linked: named, never deleted."""
    links: Path | None = None
    """The file that links them: it goes last, once the certificate names them."""
    links_sum: str = ""
    """SHA-256 of that file, hexadecimal; "" without one."""
    copies: tuple[Withdrawal, ...] = ()
    """What it does to copies of the recording, each of which keeps a certificate."""
    refused: tuple[str, ...] = ()
    """Copies that it leaves as they are, and why."""

    @property
    def open(self) -> bool:
        """Tell whether there is anything to do, or no certificate yet of what was done."""
        todo = self.steps or self.files or self.shared or self.links or self.copies
        return bool(todo) or any(some for _, some in self.results) or not self._is_certified()

    def _is_certified(self) -> bool:
        for file in self.recording.glob("withdrawal-*.certificate.json"):
            try:
                said = json.loads(file.read_bytes())
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(said, dict) and said.get("role") == str(self.role):
                return True
        return False

    @property
    def lines(self) -> list[str]:
        """Return it as lines for people."""
        out = [f"copy {copy.recording}: {line}" for copy in self.copies for line in copy.lines]
        out += [str(step) for step in self.steps]
        out += [str(taken) for _, some in self.results for taken in some]
        out += [f"delete file: {file} ({file.stat().st_size} bytes)" for file in self.files if file.is_file()]
        out += [f"delete file: {self.links} ({self.links.stat().st_size} bytes)"] if self.links else []
        out += [str(video) for video in self.videos]
        out += [UNKNOWN] if self.links and not self.videos else []
        out += [f"take out rows, or delete with the last session: {file}" for file in self.shared]
        out += [f"not there any more: {path}" for path in self.missing]
        out += [f"look into {what}" for what in self.look_into]
        return out + [f"stays as it is: {why}" for why in self.refused]


def planned(
    path: Path,
    role: Role,
    places: Sequence[Path] = (),
    *,
    without_keys: bool = False,
    store: Path | None = None,
    known: frozenset[Path] = frozenset(),
    alike: Mapping[str, Sequence[Path]] | None = None,
) -> Withdrawal:
    """Return what withdrawing a person from a recording would do, and from copies of it.

    Parameters
    ----------
    places : sequence of Path
        Where results may lie that the index does not name, as those of older versions.
    without_keys : bool
        The store is locked, or lost.
    store : Path, optional
        The key store.
    known : frozenset of Path
        What is seen to already: that of which `path` is a copy, and what was made of it.
    alike : mapping, optional
        Id → recordings below the places; looked for if not given.

    Raises
    ------
    RecordingError
        See `acquisition.protection.withdrawal.plan`.
    """
    alike = by_id(places) if alike is None else alike
    steps = plan(path, role, without_keys=without_keys, store=store)
    session = session_as_known(path, without_keys=without_keys)
    code = session.participant(role).code if session is not None and role in PEOPLE else ""
    known |= {path.resolve()}
    made = [d for d in derived(path) if role in d.entities or Role.DYAD in d.entities]
    made = [d for d in made if d.path not in known]
    seen = known | {d.path for d in made}
    copies, refused = copies_of(path, made, alike), list[str]()
    copies = [copy for copy in copies if copy not in known]
    seen |= frozenset(copies)
    noted = {d.path for d in made if d.what == "results"}
    others = {d for d in noted if is_anothers(d / SESSION, path)}
    directories = (noted - others) | (set(results_below(path, places)) - known)
    results = [
        (d, tuple(plan_results(d, role, without_keys=without_keys)))
        for d in sorted(directories)
        if d.is_dir()
    ]
    stores = {d.path for d in made if d.what == MADE} | set(stores_below(places))
    files = sorted(f for d in made if d.what not in ("results", BEGUN, MADE, COPY) for f in files_made(d))
    files += [file for store in sorted(stores) for file in files_of(store, path)]
    begun = [d.path for d in made if d.what == BEGUN and not any(f.is_relative_to(d.path) for f in files)]
    own, shared = parted(list(dict.fromkeys(files)))
    links = path / LINKS_NAME if (path / LINKS_NAME).is_file() else None
    links_sum = sha256_of(links) if links else ""
    strange = strange_copies(path, made)
    plans = []
    for copy in copies:
        try:
            plans.append(
                planned(copy, role, places, without_keys=without_keys, store=store, known=seen, alike=alike)
            )
        except KeyStoreError:
            raise
        except RecordingError as error:  # a link in it, or a file of another: it must not hold up the erasure
            refused.append(str(error).splitlines()[0])
    missing = sorted({d.path for d in made if d.what != BEGUN and not d.path.exists()})
    return Withdrawal(
        recording=path,
        role=role,
        code=code,
        steps=tuple(steps),
        results=tuple(results),
        files=tuple(own),
        shared=tuple(shared),
        places=tuple(d.path for d in made if d.what == BEGUN),
        missing=tuple(missing),
        without_keys=without_keys,
        look_into=tuple(
            [f"{p}: an export was begun there and not ended" for p in begun if p.is_dir()]
            + [f"{p}: is no part of the recording, and nobody knows whose it is" for p in nobodys(path, role)]
            + [f"{p}: is called a copy of it, and does not say which recording it is" for p in strange]
            + [f"{p}: holds results of another recording now" for p in sorted(others)]
        ),
        videos=_videos(path, without_keys=without_keys),
        links=links,
        links_sum=links_sum,
        copies=tuple(one for one in plans if one.open),
        refused=tuple(refused),
    )


def without_copies(plans: Sequence[Withdrawal]) -> list[Withdrawal]:
    """Return the plans but for those that are a part of another: of copies that were found by themselves."""
    kept = list(plans)
    for plan_ in plans:
        place = (plan_.recording.resolve(), plan_.role)
        if any(place in _copies(other) for other in kept if other is not plan_):
            kept.remove(plan_)
    return kept


def _copies(of: Withdrawal) -> set[tuple[Path, Role]]:
    return {p for c in of.copies for p in ((c.recording.resolve(), c.role), *_copies(c))}


def _videos(path: Path, *, without_keys: bool) -> tuple[ToErase, ...]:
    """Return the videos that are linked; none where the links stay closed and that was allowed."""
    try:
        return tuple(to_erase(path))
    except KeyGoneError:
        return ()
    except KeyStoreError:
        if not without_keys:
            raise
        return ()
    except RecordingError as error:
        raise RecordingError(
            f"{error}\n(put {LINKS_NAME} right, or delete it once its videos are erased)"
        ) from error


def withdraw(planned_: Withdrawal, why: str, store: Path | None = None) -> Path:
    """Carry a withdrawal out and write its certificate into the recording; return the certificate.

    Copies come first. Results lose the person's rows and the dyad's before anything else goes, the recording
    after them: what a crash interrupts is found again by the same command.
    """
    for copy in planned_.copies:
        withdraw(copy, why, store)
    # Where nothing can be locked it is erased all the same.
    with alone(planned_.recording, must=False):
        _refuse_changed_links(planned_)
        # Somebody else may have withdrawn the other person since.
        steps = plan(planned_.recording, planned_.role, without_keys=planned_.without_keys, store=store)
        return _carried_out(replace(planned_, steps=tuple(steps)), why, store)


def _refuse_changed_links(planned_: Withdrawal) -> None:
    """Refuse where a video was linked since the plan: its link would go, and nobody be told to erase it."""
    file = planned_.recording / LINKS_NAME
    if file.is_file() and sha256_of(file) != planned_.links_sum:
        raise RecordingError(
            f"{file}: was changed meanwhile; nothing of this recording is erased: call again"
        )


def _carried_out(planned_: Withdrawal, why: str, store: Path | None) -> Path:
    path, role, code = planned_.recording, planned_.role, planned_.code
    lists = {str(step.path): sum_of(step.path) for step in planned_.steps if step.act == "delete file"}
    lists |= {str(planned_.links): sum_of(planned_.links)} if planned_.links else {}
    lines = planned_.lines
    for directory in {d.path for d in derived(path) if d.what == "results"}:
        sweep(directory)  # what a killed run left in the making beside it
    for directory, _ in planned_.results:
        sweep(directory)
        take_out_results(directory, role, code, without_keys=planned_.without_keys)
    gone = sessions_of(planned_.files)
    for file in planned_.files:
        shred(file)
    datasets = {root for file in planned_.shared if (root := dataset_of(file)) is not None}
    take_out(planned_.shared, gone)
    for dataset in sorted(datasets):
        for subject, session in sorted(gone):
            forget(dataset, subject, session)
    remove_empty({f.parent for f in (*planned_.files, *planned_.shared)}, planned_.places)
    if planned_.videos and any((path / f"{r}.xdf").exists() for r in PEOPLE if r is not role):
        # Should this be cut off, the next time they must still open, without the key that goes now.
        write_links(path, [video.link for video in planned_.videos], without=role)
    keys = carry_out(path, role, list(planned_.steps), why, store)
    left = [*_left(planned_), *planned_.refused]
    now = datetime.now().astimezone()
    said: dict[str, Any] = {
        "certificate": "withdrawal",
        "recording": recorded_id(path) or path.name,
        "session": path.resolve().name,
        "person": code,
        "role": str(role),
        "when": now.isoformat(timespec="seconds"),
        "by": user(),
        "why": why,
        "done": lines,
        "erased": [{"file": name, **of} for name, of in lists.items()],
        "keys_destroyed": keys,
        "left": left,
        "look_into": list(planned_.look_into),
        "videos": [
            {"file": str(v.path), "bytes": v.link.size, "sha256": v.link.sha256, "said": v.said}
            for v in planned_.videos
        ],
        "kept": kept_at(path),
        "not_reached": OUT_OF_REACH + (f" {CLOSED}" if planned_.without_keys else ""),
    }
    name = f"withdrawal-{code or role}-{now:%Y-%m-%d}"
    target = free_name(path, name)
    put(target, (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode())
    _write_pdf(said, target.with_suffix(".pdf"))
    if planned_.links:
        shred_renamed(planned_.links)
    if left:
        raise RecordingError(f"{target}: not everything could be deleted: {', '.join(left)}")
    return target


def _left(planned_: Withdrawal) -> list[str]:
    """Return what should be gone and is still there."""
    gone = [step.path for step in planned_.steps if step.act == "delete file"]
    gone += [*planned_.files, *(t.path for _, some in planned_.results for t in some if t.rows < 0)]
    left = [str(p) for p in gone if p.exists()]
    for directory, _ in planned_.results:
        left += [
            str(t)
            for t in plan_results(directory, planned_.role, without_keys=planned_.without_keys)
            if t.rows
        ]
    return left


def _write_pdf(said: dict[str, Any], file: Path) -> None:
    # matplotlib takes a second to import.
    from processing.report.certificate import write_certificate

    write_certificate(said, file)
