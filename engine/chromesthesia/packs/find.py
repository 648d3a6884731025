"""Which pack a show uses: the one named on the command line, else `default` of the checkout or of the package."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.core.errors import PackError
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.user_files import is_file, is_folder, one_line, shown
from chromesthesia.packs.manifest import MANIFEST_NAME

DEFAULT_PACK = "default"


def find_pack(path: Path | None = None) -> Path:
    """Folder of the pack: `path` when given (a folder, or a plain name among the known packs), else the default one.

    Raises PackError saying where was looked.
    """
    if path is not None and is_folder(path):
        return path
    name = DEFAULT_PACK if path is None else path.name
    folders = resource_dirs("exports")
    if path is None or path == Path(name):
        for folder in folders:
            if is_file(folder / name / MANIFEST_NAME):
                return folder / name
    looked = (
        ", ".join(one_line(place) for place in ([] if path is None else [path.absolute()]) + folders)
        or "nowhere"
    )
    raise PackError(
        f"no model pack {shown(name)}", f"looked in {looked}; make one with chromesthesia-train export"
    )


def list_packs() -> list[Path]:
    """Folders of every pack in the checkout and in the package, in the order of look-up."""
    return [
        manifest.parent
        for folder in resource_dirs("exports")
        for manifest in sorted(folder.glob(f"*/{MANIFEST_NAME}"))
    ]
