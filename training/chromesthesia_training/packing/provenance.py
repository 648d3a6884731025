"""What trained a pack, file by file: `provenance.csv` with source, commit, licence and sha256; what follows from it."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from chromesthesia.core.user_files import one_line
from chromesthesia.packs.manifest import Manifest
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.data.walking import files_below, sha256_of
from chromesthesia_training.errors import DataError
from chromesthesia_training.packing.licences import free_terms
from chromesthesia_training.packing.manifest import manifest_of
from chromesthesia_training.packing.terms import OWN

PROVENANCE_NAME = "provenance.csv"
MOST_FILES = 200_000
HASH = re.compile(r"[0-9a-f]{64}")
USES = ("encoder", "generator")
OUR_SCRIPTS = "Chromesthesia"
"""Source of what the training package makes by script."""
FREE_PICTURES = "free-pictures"
"""What figures call a folder of pictures whose list shows that they are free; see `KNOWN_SOURCES`."""


@dataclass(frozen=True)
class Origin:
    """One file that trained a model.

    used_for: encoder or generator; source: where it is from; commit: of which state of that; path: within the source;
    sha256: of its bytes, in hex.
    """

    used_for: str
    source: str
    commit: str
    licence: str
    path: str
    sha256: str


COLUMNS = tuple(field.name for field in fields(Origin))


def provenance_bytes(origins: Iterable[Origin]) -> bytes:
    """The file, in the order given, each row once."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(origin) for origin in dict.fromkeys(origins))
    return text.getvalue().encode()


def read_provenance(path: Path) -> tuple[Origin, ...]:
    """The rows of a provenance file. Raises DataError for one missing, damaged, or with a row that says nothing."""
    rows = read_table(path, COLUMNS)
    if len(rows) > MOST_FILES:
        raise DataError(f"{one_line(path)} has {len(rows)} rows", f"at most {MOST_FILES} are read", "layout")
    origins = []
    for number, row in enumerate(rows, 2):
        origin = Origin(*(row[name] for name in COLUMNS))
        where = f"{one_line(path)}, row {number}"
        if origin.used_for not in USES:
            raise DataError(
                f"{where}: used_for is {origin.used_for!r}", f"use one of {', '.join(USES)}", "label"
            )
        if not HASH.fullmatch(origin.sha256):
            raise DataError(
                f"{where}: {origin.sha256!r} is no sha256", "write 64 hexadecimal digits", "corrupt"
            )
        for name in ("source", "licence", "path"):
            if not getattr(origin, name):
                raise DataError(f"{where}: no {name}", "say where every file is from", "missing")
        origins.append(origin)
    return tuple(origins)


def origins_of_files(
    files: Iterable[tuple[Path, str]], root: Path, used_for: str, source: str, commit: str
) -> list[Origin]:
    """Origins of files given as (path, licence), named within `root`. Raises DataError for one that cannot be read."""
    origins = []
    for path, licence in files:
        try:
            digest = sha256_of(path)
        except OSError as error:
            raise DataError(
                f"{one_line(path)} cannot be read: {error.strerror}", "restore it", "missing"
            ) from error
        origins.append(Origin(used_for, source, commit, licence, path.relative_to(root).as_posix(), digest))
    return origins


def origins_of_index(
    folder: Path,
    used_for: str,
    source: str,
    commit: str,
    licence: str | None = None,
    splits: Sequence[str] = ("train", "val"),
    corpus: str | None = None,
) -> list[Origin]:
    """Origins of the rows of a folder's `index.csv` that training saw.

    licence: of all of them, else each row's own; corpus: only rows of this one. Raises DataError for a table without
    the columns, or none left.
    """
    needed = ["path", "split", *(["licence"] if licence is None else []), *(["corpus"] if corpus else [])]
    rows = [
        row
        for row in read_table(folder / "index.csv", needed)
        if row["split"] in splits and (corpus is None or row["corpus"] == corpus)
    ]
    if not rows:
        raise DataError(
            f"{one_line(folder)}/index.csv has no row in {', '.join(splits)}"
            + (f" of the corpus {corpus!r}" if corpus else ""),
            "name a split and a corpus that are there",
            "empty",
        )
    files = ((folder / row["path"], row["licence"] if licence is None else licence) for row in rows)
    return origins_of_files(files, folder, used_for, source, commit)


def counted(origins: Iterable[Origin]) -> list[dict[str, str | int]]:
    """The list in short, by source: its commit and licence, how many files, one sha256 over all of theirs."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in origins:
        groups.setdefault((one.source, one.commit, one.licence), []).append(one.sha256)
    return [
        {
            "source": source,
            "commit": commit,
            "licence": licence,
            "files": len(hashes),
            "sha256": hashlib.sha256("".join(sorted(hashes)).encode()).hexdigest(),
        }
        for (source, commit, licence), hashes in groups.items()
    ]


@dataclass(frozen=True)
class Verdict:
    """Whether all that trained a pack is free; refusals: why not, a line each; may: what may be done, in one line."""

    free: bool
    refusals: tuple[str, ...]
    may: str


def judge(origins: Sequence[Origin]) -> Verdict:
    """What the licences of all files together allow. Nothing listed allows nothing."""
    if not origins:
        return Verdict(False, ("no file is listed: nothing shows what trained it",), _REFUSED)
    unfree = Counter(
        (origin.source, origin.licence) for origin in origins if free_terms(origin.licence) is None
    )
    if unfree:
        lines = tuple(
            f"{count} {'file' if count == 1 else 'files'} of {one_line(source)}: {one_line(licence)!r} is not free"
            for (source, licence), count in sorted(unfree.items())
        )
        own = all(OWN in licence for _, licence in unfree)
        return Verdict(False, lines, _OWN if own else _REFUSED)
    free = [(origin.source, terms) for origin in origins if (terms := free_terms(origin.licence)) is not None]
    credited = sorted({source for source, terms in free if terms.credit})
    by_terms = Counter(terms.name for _, terms in free)
    counted = ", ".join(f"{name} {count}" for name, count in by_terms.most_common())
    thanks = f", naming {', '.join(credited)}" if credited else ""
    return Verdict(
        True,
        (),
        f"**Show it, sell it, pass it on{thanks}.** Every one of the {len(origins)} files that trained it is free "
        f"({counted}); `{PROVENANCE_NAME}` names each.",
    )


_REFUSED = "**Not for paid shows:** not all that trained it is known to be free."
_OWN = "**Yours to decide:** free, but for pictures or sounds of its maker's own, which nobody checked."


def is_listed_free(folder: Path) -> bool:
    """Whether a folder has a list of what it was made of, all of it free. Raises DataError for a damaged list."""
    path = folder / PROVENANCE_NAME
    return path.is_file() and judge(read_provenance(path)).free


def check_pack(pack: Path, roots: Sequence[Path] = ()) -> Verdict:
    """Whether every byte that trained a pack resolves to a free licence.

    The pack's list has to be there, cover both models, agree with its manifest (which may call no set restricted), and
    be the file that the manifest was sealed with. roots: folders with the data; every listed file but our own scripts,
    which are of the version that the list names, is looked for there by its hash, and one that is missing is a refusal.
    Raises PackError, DataError for what cannot be read.
    """
    manifest = manifest_of(pack)
    path = pack / PROVENANCE_NAME
    if not path.is_file():
        line = f"{one_line(pack)} has no {PROVENANCE_NAME}: nothing shows what trained it"
        return Verdict(False, (line, *_restricted(manifest)), _REFUSED)
    origins = read_provenance(path)
    verdict = judge(origins)
    refusals = [*verdict.refusals, *_restricted(manifest)]
    if manifest.files.get(PROVENANCE_NAME) != sha256_of(path):
        refusals.append(f"{PROVENANCE_NAME} is not the file that the pack was made with")
    for use in USES:
        if all(origin.used_for != use for origin in origins):
            refusals.append(f"no file is listed for the {use}")
    if roots:
        refusals += _not_there([origin for origin in origins if origin.source != OUR_SCRIPTS], roots)
    if not refusals:
        return verdict
    return Verdict(False, tuple(refusals), verdict.may if not verdict.free else _REFUSED)


def _restricted(manifest: Manifest) -> list[str]:
    return [
        f"the manifest restricts {one_line(source.name)}: {one_line(source.licence)}"
        for source in manifest.data
        if source.restricted
    ]


def _not_there(origins: Sequence[Origin], roots: Sequence[Path]) -> list[str]:
    """Files of the list whose bytes lie in none of the folders."""
    wanted = {origin.sha256 for origin in origins}
    names = {Path(origin.path).name for origin in origins}
    found = {sha256_of(path) for root in roots for path in files_below(root) if path.name in names}
    missing = [origin for origin in origins if origin.sha256 not in found & wanted]
    return [
        f"{one_line(origin.source)}: {one_line(origin.path)} is not among the data with those bytes"
        for origin in missing[:10]
    ] + ([f"and {len(missing) - 10} more"] if len(missing) > 10 else [])
