"""The reference's rows of section D, TokenFusionVAE, and ours beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.packing.live_show import FPS, SIZE
from chromesthesia_training.results.book import said
from chromesthesia_training.results.row import Row

OTHER_WORK = (
    "no: theirs food pictures and DEAM, ViT-base and EnCodec, random 80/20; ours paintings and VGMIDI, small "
    "tokenizers fitted here, unseen artists and series"
)
LOSSES = {"VA": "va_loss", "reconstruction": "recon", "total": "total"}


def losses(metrics: Metrics) -> str:
    """The three losses of a run."""
    return ", ".join(f"{name} {said(metrics.figure(key), 4)}" for name, key in LOSSES.items())


def _both(files: Sequence[Metrics]) -> str:
    plain, labelled = files
    return f"labels not in the input: {losses(plain)}; in it: {losses(labelled)}"


def _version(what: str, theirs: str, key: str) -> Row:
    return Row("D", what, theirs, ((f"vae/{key}.plain",), (f"vae/{key}.labels",)), _both, OTHER_WORK)


def as_pack(files: Sequence[Metrics]) -> str:
    """A picture's time, and what a show with the pack did where one was played."""
    (metrics,) = files
    told = f"{said(metrics.figure('generator_image_ms'), 1)} ms a picture on one thread"
    if metrics.figure("show_fps") is None:
        return told
    frames, late = (said(metrics.figure(f"show_{name}"), 0) for name in ("frames", "late_frames"))
    return (
        f"{told}; a show without a window, {SIZE.replace('x', ' x ')}: {said(metrics.figure('show_fps'), 1)} of {FPS} "
        "frames a second, "
        f"{late} of {frames} late, {said(metrics.figure('show_pictures_per_s'), 1)} pictures a second, at the end on "
        f"the rung `{metrics['figures']['show_rung']}`"
    )


def _correlations(files: Sequence[Metrics]) -> str:
    return "; ".join(
        f"labels {words} the input: "
        + " / ".join(said(one.figure(f"{axis}_r"), 2) for axis in ("valence", "arousal"))
        for one, words in zip(files, ("not in", "in"), strict=True)
    )


def _categories(files: Sequence[Metrics]) -> str:
    return "share right on unseen items: " + ", ".join(
        f"{kind}s {said(files[0].figure(f'{kind}.category_accuracy'), 2)} "
        f"(always the commonest {said(files[0].figure(f'{kind}.category_commonest'), 2)})"
        for kind in ("image", "sound")
    )


def _generated(kind: str, source: str) -> Callable[[Sequence[Metrics]], str]:
    def words(files: Sequence[Metrics]) -> str:
        parts = []
        for label, way in (
            ("told by labels", "from_labels.told"),
            (f"told by a {source}", f"from_{source}.told"),
        ):
            pairs = " / ".join(
                said(files[0].figure(f"{kind}.{way}.{axis}.r"), 2) for axis in ("valence", "arousal")
            )
            floor = " / ".join(
                said(files[0].figure(f"{kind}.{way}.{axis}.shuffled_95"), 2)
                for axis in ("valence", "arousal")
            )
            parts.append(f"{label} {pairs} (shuffled, 95th percentile {floor})")
        real = " / ".join(
            said(files[0].figure(f"{kind}.reader_on_real.{axis}.r"), 2) for axis in ("valence", "arousal")
        )
        return f"r valence / arousal of asked and read: {'; '.join(parts)}; the reader on real items {real}"

    return words


def _ratio(files: Sequence[Metrics]) -> str:
    old, new, floors = files
    first, second = old.figure("recon"), new.figure("recon")
    ratio = "-" if first is None or second is None else f"{first.mean / second.mean:.2f}"
    kept = next((name for name in floors["figures"] if name.startswith("linear_")), "linear_256")
    return (
        f"{said(first, 4)} against {said(second, 4)}, ratio {ratio}; without a net: mean at each place "
        f"{said(floors.figure('place'), 4)}, true mean token of each item {said(floors.figure('item'), 4)}, "
        f"{kept.split('_')[1]} principal components {said(floors.figure(kept), 4)}, ridge from the CLS token "
        f"{said(floors.figure('cls_linear'), 4)}"
    )


VAE_ROWS: tuple[Row, ...] = (
    _version("V1: residual MLP, latent 256", "VA 0.0091, reconstruction 0.6042, total 0.7312", "v1"),
    _version(
        "V2: six layers, conditional layer norm", "VA 0.0060, reconstruction 0.4727, total 0.5051", "v2"
    ),
    _version(
        "V2.1: gated conditional layer norm, latent 384, progressive loss",
        "VA 0.0019, reconstruction 0.4355, total 0.4649",
        "v21",
    ),
    _version("V3: one tokenizer, gated blocks", "VA 0.0032, reconstruction 0.3784, total 0.4216", "v3"),
    _version("V3.1: places, attention pooling", "VA 0.0025, reconstruction 0.3692, total 0.4118", "v31"),
    _version(
        "V3.2: CLS-informed decoder, 196, 49, 7, 1", "VA 0.0022, reconstruction 0.0222, total 0.0311", "v32"
    ),
    _version("V3.2 without the CLS bypass: its CLS token is made from the latent", "none", "v32_own_cls"),
    _version("V2.1 on the tokens of V3.2", "none", "v21_unified"),
    Row(
        "D",
        "V2.1 against V3.2, reconstruction on the same tokens, labels not in the input",
        "0.4355 against 0.0222, ratio 19.6, on other tokens each",
        (("vae/v21_unified.plain",), ("vae/v32.plain",), ("vae/floors",)),
        _ratio,
        OTHER_WORK,
    ),
    Row(
        "D",
        "valence / arousal read from the latent, r",
        "above 0.90, the labels in the input",
        (("vae/v32.plain",), ("vae/v32.labels",)),
        _correlations,
        OTHER_WORK,
    ),
    Row(
        "D",
        "twelve emotions of the plane by slope",
        "a map, no figure given",
        (("vae/v32.plain",),),
        _categories,
        "the map is theirs, the data ours",
    ),
    Row(
        "D",
        "sound to image: emotion read back",
        "above 0.85, read by the version itself",
        (("vae/generation",),),
        _generated("image", "sound"),
        "no: ours read by a reader of its own",
    ),
    Row(
        "D",
        "image to sound: emotion read back",
        "above 0.85, read by the version itself",
        (("vae/generation",),),
        _generated("sound", "image"),
        "no: ours read by a reader of its own",
    ),
    Row("D", "V3.2 without the CLS bypass as a pack, live", "none", (("vae/pack",),), as_pack, "ours alone"),
)
