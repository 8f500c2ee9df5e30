"""The first table of the report: what of the recording can be used, and why the rest cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from processing.index import IndexSample
from processing.metrics.session_metrics import PEOPLE, Hour
from processing.report.names import spaced
from processing.report.text import SIGNALS
from processing.results.old_baselines import old_baselines
from processing.results.session_run import SessionRun


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """Hold one line of the table of quality; texts are ready to print."""

    entity: str
    what: str
    usable: str
    remark: str


def quality(run: SessionRun, hour: Hour) -> list[QualityRow]:
    """Return the table of quality: usable minutes per person and signal, corrections, the baseline."""
    table = run.rows
    rows: list[QualityRow] = []
    for entity in PEOPLE:
        person = hour.line.people.get(entity)
        if person is None:
            rows.append(
                QualityRow(entity=entity, what="all", usable="none", remark="no sensor of this person")
            )
            continue
        for index, what in SIGNALS.items():
            if (entity, index) not in table:
                rows.append(QualityRow(entity=entity, what=what, usable="none", remark="no such sensor"))
                continue
            series = person.series[index]
            n, usable = len(series), int((series == series).sum())
            share = f"{usable / 60:.1f} of {n / 60:.1f} min ({100 * usable / max(n, 1):.0f} %)"
            rows.append(
                QualityRow(entity=entity, what=what, usable=share, remark=_reasons(table[entity, index]))
            )
        known = int(person.valid.sum())
        counted = int(person.counts.sum())
        share = f"{known / 60:.1f} of {counted / 60:.1f} min of the hour" if counted else "none"
        rows.append(QualityRow(entity=entity, what="arousal index", usable=share, remark=person.missing))
        rows.append(_beats(entity, table.get((entity, "ibi_class"), [])))
        rows += _baselines(run, entity)
        rows += [
            QualityRow(
                entity=entity,
                what="old baseline",
                usable=f"{one.seconds / 60:.1f} min, from minute {(one.start - run.begin) / 60:.1f}",
                remark=one.reason,
            )
            for one in old_baselines(run.samples)
            if one.entity == entity
        ]
    return rows


def _reasons(rows: Sequence[IndexSample]) -> str:
    counts = Counter(s.reason for s in rows if s.value != s.value)
    return "; ".join(f"{reason} ({n})" for reason, n in counts.most_common(3) if reason)


def _beats(entity: str, rows: Sequence[IndexSample]) -> QualityRow:
    known = [s.value for s in rows if s.value == s.value]
    odd = sum(value > 0 for value in known)
    remark = f"{odd} not normal ({100 * odd / len(known):.1f} %)" if known else _reasons(rows)
    return QualityRow(entity=entity, what="beats", usable=f"{len(known)}" if known else "none", remark=remark)


def _baselines(run: SessionRun, entity: str) -> list[QualityRow]:
    arousal = {str(r): a for r, a in run.pipeline.arousal.items()}.get(entity)
    verdicts = arousal.verdicts if arousal else []
    if not verdicts:
        return [QualityRow(entity=entity, what="baseline", usable="none", remark="no baseline was marked")]
    return [
        QualityRow(
            entity=entity,
            what=spaced(v.code),
            usable="accepted" if v.accepted else "not used",
            remark=v.text.removeprefix("accepted: ").removeprefix("refused: "),
        )
        for v in verdicts
    ]


def notices(run: SessionRun) -> list[str]:
    """Return gaps and other happenings of devices and files, in order, at most 40."""
    lines = [
        f"{(n.time - run.begin) / 60:.1f} min, {n.role}: {n.kind}: {n.message or n.stream}"
        for n in run.notices
    ]
    return lines[:40] + ([f"and {len(lines) - 40} more"] if len(lines) > 40 else [])
