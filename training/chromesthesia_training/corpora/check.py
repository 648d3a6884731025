"""The validator: what is missing, corrupt, empty, duplicated, mislabelled or leaking between splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.facts import FileFacts, facts_of
from chromesthesia_training.corpora.fingerprint import near_pairs, words
from chromesthesia_training.corpora.registry import find_corpora, read_corpus
from chromesthesia_training.data.splits import FEWEST_PER_CLASS
from chromesthesia_training.errors import DataError, Kind

Severity = Literal["error", "warning"]

SOUND_BITS, PICTURE_BITS = 44, 12
"""Two files nearer than this many of 256 bits count as one encoded twice.

Measured on the data here: of 80,000 pairs of unlike clips the nearest differed in 71 bits, of 250 pairs of takes of
one sentence by one actor in 54; clips encoded again as 64 kbit/s mp3 in 17 or less, as low Vorbis in 22 at the
median. Pictures saved again at another size and quality 50 differed in 16 or less, in 5 at the median.
"""
FEWEST_STEPS = 24
"""A picture with fewer bits set is nearly of one colour: there is nothing to compare."""

LENGTH_TOLERANCE = 0.03
PADDING_S = 0.15


@dataclass(frozen=True)
class Item:
    """A clip or a painting, as far as the validator cares."""

    path: Path
    corpus: str
    group: str
    label: str
    split: str
    fold: int | None
    picture: bool


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: an `error` makes the data unfit for a score, a `warning` asks for a look."""

    severity: Severity
    kind: Kind
    corpus: str
    message: str
    remedy: str


@dataclass(frozen=True)
class CheckedCorpus:
    """One corpus of one folder in numbers; `classes` by label, empty where it has none."""

    corpus: str
    layout: str
    folder: Path
    items: int
    groups: int
    minutes: float
    classes: dict[str, int]
    splits: dict[str, int]


@dataclass(frozen=True)
class CheckResult:
    """All that was found, errors first."""

    corpora: tuple[CheckedCorpus, ...]
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """Number of findings of a severity."""
        return sum(finding.severity == severity for finding in self.findings)


@dataclass(frozen=True)
class _Part:
    layout: Corpus
    folder: Path
    items: list[Item]


def check(
    folders: Sequence[Path],
    cache_dir: Path,
    corpus: Corpus | None = None,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> CheckResult:
    """Look through the corpora of folders, whole: tables, names, every file, duplicates, classes, groups.

    corpus: read each folder as this one instead of recognising it; limit: at most so many items of each corpus (a
    quick look, that finds fewer duplicates); on_progress: files looked at, and of how many. Raises DataError only
    for a folder that is not there or has no known layout, and for a full disk; all else is a finding.
    """
    findings: list[Finding] = []
    parts = []
    for folder in folders:
        for layout, found in [(corpus, folder)] if corpus else find_corpora(folder):
            parts.append(_Part(layout, found, _read(layout, found, findings)[:limit]))
    files = [(item.path, item.picture) for part in parts for item in part.items]
    facts = facts_of(files, cache_dir, lambda done: on_progress(done, len(files)))
    items = [item for part in parts for item in part.items]
    findings += _faults(items, facts)
    findings += _exact_duplicates(items, facts)
    findings += _near_duplicates(items, facts)
    findings += _small_classes(items)
    return CheckResult(
        tuple(
            _summary(part.layout, part.folder, name, facts, part.items)
            for part in parts
            for name in _names(part)
        ),
        tuple(sorted(findings, key=lambda finding: (finding.severity != "error", finding.kind))),
    )


def _read(layout: Corpus, folder: Path, findings: list[Finding]) -> list[Item]:
    def note(problem: DataError) -> None:
        findings.append(Finding("error", problem.kind, layout.name, problem.message, problem.remedy))

    try:
        reading = read_corpus(layout, folder, note)
    except DataError as problem:  # nothing of it can be read
        note(problem)
        return []
    return [
        *(
            Item(
                clip.path,
                clip.corpus,
                clip.group,
                clip.label or clip.emotion or "",
                clip.split,
                clip.fold,
                False,
            )
            for clip in reading.clips
        ),
        *(
            Item(
                painting.path,
                layout.name,
                painting.artist,
                painting.emotion,
                painting.split,
                painting.fold,
                True,
            )
            for painting in reading.paintings
        ),
    ]


def _faults(items: Sequence[Item], facts: dict[Path, FileFacts]) -> list[Finding]:
    findings = []
    for item in items:
        fact = facts[item.path]
        if fact.fault is not None:
            severity: Severity = "warning" if fact.fault == "silent" else "error"
            remedy = (
                "restore it or take it off the list"
                if fact.fault == "missing"
                else "replace it or take it off the list"
            )
            findings.append(Finding(severity, fact.fault, item.corpus, f"{item.path}: {fact.detail}", remedy))
        elif fact.note:
            findings.append(
                Finding("warning", "damaged", item.corpus, fact.note, "listen to it, or replace it")
            )
    return findings


def _exact_duplicates(items: Sequence[Item], facts: dict[Path, FileFacts]) -> list[Finding]:
    """Files of the same bytes: a leak where they lie in different parts, else a waste."""
    same: dict[str, list[Item]] = {}
    for item in items:
        if facts[item.path].fingerprint:
            same.setdefault(facts[item.path].content, []).append(item)
    findings = []
    for copies in same.values():
        first, *others = copies
        for other in others:
            findings.append(_twice(first, other, "is the same file as"))
    return findings


def _twice(first: Item, other: Item, relation: str) -> Finding:
    remedy = "keep one of them"
    message = f"{other.path} {relation} {first.path}"
    if first.path == other.path:
        message = f"{first.path} is listed twice"
    if first.label != other.label:
        message += f", but is labelled {other.label!r}, not {first.label!r}"
    if (first.split, first.fold) != (other.split, other.fold):
        parts = " and ".join(
            f"{item.split} (fold {item.fold})" if item.fold is not None else item.split
            for item in (first, other)
        )
        return Finding("error", "leak", other.corpus, f"{message}, in {parts}", remedy)
    return Finding("warning", "duplicate", other.corpus, message, remedy)


def _near_duplicates(items: Sequence[Item], facts: dict[Path, FileFacts]) -> list[Finding]:
    """Files that sound or look the same without being the same; warnings, for a fingerprint can err."""
    findings = []
    for picture, most_bits in ((False, SOUND_BITS), (True, PICTURE_BITS)):
        rows: list[Item] = []
        seen: set[str] = set()
        for item in items:
            fact = facts[item.path]
            if picture and fact.fingerprint and int(fact.fingerprint, 16).bit_count() < FEWEST_STEPS:
                continue
            if item.picture == picture and fact.fingerprint and fact.content not in seen:
                seen.add(fact.content)
                rows.append(item)
        if len(rows) < 2:
            continue
        for first, second in near_pairs(
            words([facts[item.path].fingerprint for item in rows]), most_bits
        ).tolist():
            one, other = rows[first], rows[second]
            seconds = sorted((facts[one.path].seconds, facts[other.path].seconds))
            if seconds[1] - seconds[0] <= LENGTH_TOLERANCE * seconds[1] + PADDING_S:
                found = _twice(one, other, "looks like" if picture else "sounds like")
                findings.append(Finding("warning", found.kind, found.corpus, found.message, "compare them"))
    return findings


def _small_classes(items: Sequence[Item]) -> list[Finding]:
    counts = Counter((item.corpus, item.label) for item in items if item.label)
    return [
        Finding(
            "error",
            "small class",
            corpus,
            f"{corpus} has {count} of {label!r}",
            f"give each class at least {FEWEST_PER_CLASS}, or leave it out",
        )
        for (corpus, label), count in counts.items()
        if count < FEWEST_PER_CLASS
    ]


def _names(part: _Part) -> list[str]:
    return list(dict.fromkeys(item.corpus for item in part.items)) or [part.layout.name]


def _summary(
    layout: Corpus, folder: Path, name: str, facts: dict[Path, FileFacts], items: Sequence[Item]
) -> CheckedCorpus:
    own = [item for item in items if item.corpus == name]
    return CheckedCorpus(
        corpus=name,
        layout=layout.name,
        folder=folder,
        items=len(own),
        groups=len({item.group for item in own}),
        minutes=round(sum(facts[item.path].seconds for item in own) / 60.0, 1),
        classes=dict(sorted(Counter(item.label for item in own if item.label).items())),
        splits=dict(sorted(Counter(item.split for item in own).items())),
    )
