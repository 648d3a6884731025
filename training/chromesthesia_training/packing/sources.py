"""Data sets that the models learn from: what for, and under which licence. A pack names those it was made with."""

from __future__ import annotations

from collections.abc import Iterable

from chromesthesia.packs.manifest import DataSource

KNOWN_SOURCES: dict[str, DataSource] = {
    "ravdess": DataSource("RAVDESS (English speech)", "encoder: emotion categories", "CC BY-NC-SA 4.0", True),
    "tess": DataSource("TESS (English speech)", "encoder: emotion categories", "CC BY-NC-ND 4.0", True),
    "nemo": DataSource("nEMO (Polish speech)", "encoder: emotion categories", "CC BY-NC-SA 4.0", True),
    "emodb": DataSource("EMO-DB (German speech)", "encoder: emotion categories", "CC0-1.0", False),
    "emogator": DataSource("EmoGator (vocal bursts)", "encoder: emotion categories", "Apache-2.0", False),
    "urdu": DataSource("URDU (Urdu speech)", "encoder: emotion categories", "not stated, research", True),
    "crema-d": DataSource(
        "CREMA-D (English speech)", "encoder: emotion categories", "Open Database License 1.0", False
    ),
    "savee": DataSource("SAVEE (English speech)", "encoder: emotion categories", "free for research", True),
    "jl-corpus": DataSource("JL-Corpus (English speech)", "encoder: emotion categories", "CC0 1.0", False),
    "bangla-ser": DataSource("BanglaSER (Bangla speech)", "encoder: emotion categories", "CC BY 4.0", False),
    "subesco": DataSource("SUBESCO (Bangla speech)", "encoder: emotion categories", "CC BY 4.0", False),
    "mesd": DataSource("MESD (Spanish speech)", "encoder: emotion categories", "CC BY 4.0", False),
    "emozionalmente": DataSource(
        "Emozionalmente (Italian speech)", "encoder: emotion categories", "CC BY 4.0", False
    ),
    "emns": DataSource("EMNS (English speech)", "encoder: emotion categories", "Apache-2.0", False),
    "csemotions": DataSource(
        "CSEMOTIONS (Mandarin speech)", "encoder: emotion categories", "Apache-2.0", False
    ),
    "emotale": DataSource(
        "EmoTale (Danish and English speech)", "encoder: emotion categories", "none given", True
    ),
    "ased": DataSource("ASED (Amharic speech)", "encoder: emotion categories", "not stated, research", True),
    "deam": DataSource(
        "DEAM (songs)", "encoder: valence and arousal rated by people", "Creative Commons, per track", True
    ),
    "pmemo": DataSource("PMEmo (songs)", "encoder: valence and arousal rated by people", "research", True),
    "vgmidi": DataSource(
        "VGMIDI (piano pieces)", "encoder: valence and arousal rated by people", "not stated, research", True
    ),
    "emotify": DataSource(
        "Emotify (songs)",
        "encoder: valence and arousal derived from felt emotions (a proxy)",
        "research",
        True,
    ),
    "art": DataSource(
        "D-ViSA (abstract paintings)",
        "generator: pictures with their emotions, valence, arousal and dominance",
        "artists' rights, research only",
        True,
    ),
    "free-pictures": DataSource(
        "Paintings in the public domain",
        "generator: squares of them, with pleasure, arousal and emotion by rules of colour and form",
        "public domain",
        False,
    ),
    "yamnet": DataSource(
        "YAMNet, trained on AudioSet (Plakal and Ellis 2019)",
        "encoder: its first seven layers, from which training went on",
        "Apache-2.0",
        False,
    ),
    "squeezenet": DataSource(
        "SqueezeNet 1.1 trained on ImageNet", "generator: frozen features of the discriminator", "MIT", False
    ),
}


def sources_of(names: Iterable[str], used_for: str) -> list[DataSource]:
    """Sources by name, in order; a name that is not known is a user's own folder."""
    return [
        KNOWN_SOURCES.get(name, DataSource(name, used_for, "the user's own, not checked", True))
        for name in dict.fromkeys(names)
    ]


def current(source: DataSource) -> DataSource:
    """A source that a pack named, with the licence that is known of it today."""
    return next((known for known in KNOWN_SOURCES.values() if known.name == source.name), source)
