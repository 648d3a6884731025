"""The model card of a pack: what it is, what it learned from, how well it does on which data, what it cannot do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chromesthesia.packs.manifest import ArtIndexSpec, DataSource, Manifest, Parity, Tier, Timing, short_name
from chromesthesia_training.packing.terms import TERMS_HEADING, terms_section, with_terms

CARD_NAME = "MODEL_CARD.md"

TEMPLATE = """# Model pack `{name}` {version}

Two small networks for Chromesthesia: a streaming encoder that follows the emotion in sound, one answer every 80 ms,
and a generator that paints abstract pictures of {side} x {side} from it. ONNX, opset 20; the mel settings, tensors,
times and checksums are in `manifest.toml`.

{terms}

## What it cannot do

{notes}{limits}

## Encoder

{encoder_size} parameters, {encoder_steps} training steps, causal, all memory in explicit state tensors. Answers:
valence and arousal in -1..1, the probabilities of angry, happy and sad, a 128-d embedding, and a confidence (greatest
temperature-scaled probability, fitted on the validation split, 0 at chance, 1 at certainty). Figures below come from
the exported ONNX file, streamed in 80 ms steps; {clip_score}.
Test split: {split}.

{speech}

{music}

## Generator

{generator}

## Speed and parity

{speed}
"""

ENCODER_SECTION = """\
{encoder_size} parameters, last fitted in {encoder_steps} steps, causal, all memory in explicit state tensors. Answers:
valence and arousal in -1..1, the probabilities of angry, happy and sad, a 128-d embedding, and a confidence (greatest
probability, 0 at chance, 1 at certainty). Its temperature was fitted on voices of the validation split in rooms; a
sound that feels nothing (claps, drums, hum, typing, traffic) draws the probabilities together, so that confidence
falls. Figures below come from {precision}, streamed in 80 ms steps; {clip_score}.
Test split: {split}.

{speech}

{music}
"""
LIMITS_OF_SPEECH = """\
- It does not know what anybody feels: it hears the expression in a sound. It is an instrument for light, not a medical
  device, and not a means to judge, hire, sort or watch people. Do not use it for any of these.
- The speech is acted, mostly studio recordings in four languages by few speakers. Spontaneous speech is harder, other
  languages and children are untried. The same sentences occur in training and test in three of the corpora; the
  speakers do not. One split with few speakers is one draw, not a ranking of methods.
- Valence and arousal of speech, and of the Emotify songs, were not rated by anyone: they are proxies derived from
  categories. For music, angry, happy and sad are derived from the place on the valence-arousal plane: a proxy too.
  Only the VGMIDI piano pieces carry ratings; ratings of many listeners crowd around zero, training stretches them by
  {gain}.
- Neutral, fearful, surprised and other speech still gets probabilities of angry, happy and sad: mind the confidence."""
LIMITS_OF_OWN = """\
- It does not know what anybody feels: it hears the expression in a sound. It is an instrument for light, not a medical
  device, and not a means to judge, hire, sort or watch people. Do not use it for any of these.
- It knows the speakers, languages, rooms and microphones of the sounds above and no others: what it makes of new
  ones is untried.
- Valence and arousal were not rated by anyone: they are proxies derived from the names of the folders.
- Sound that is none of angry, happy and sad still gets probabilities of these: mind the confidence."""
LIMITS_OF_PICTURES = """\
- It paints abstract textures and colours, no things, people, letters or styles by name, and nothing larger than
  {side} x {side}: the strokes that the engine draws over it are not the network's.
- Emotion in a picture is what a few viewers said of pictures, or the name of a folder. It steers colour and stir, not
  meaning; other viewers, and other cultures, will see something else."""
LIMIT_OF_RANDOM = """\
- Its pictures were judged by random features instead of a trained net: it shows that everything works, no more."""


@dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    encoder, generator_run: content of the runs' metrics.json; the encoder's may hold `said` (Markdown in the place of
    its table of voices) and `limits` (points in the place of those on acted speech). generator: flat figures of the
    generator; side: of its pictures in pixels; notes: what else a user of these weights should know, one point each.
    """

    name: str
    version: str
    sources: Sequence[DataSource]
    encoder: Mapping[str, Any]
    generator: Mapping[str, float]
    label_gain: float
    timing: Timing
    parity: Parity
    tiers: Sequence[Tier]
    side: int
    art_index: ArtIndexSpec | None
    generator_run: Mapping[str, Any]
    notes: Sequence[str] = ()


def card_text(facts: CardFacts) -> str:
    """Markdown of the card."""
    encoder = facts.encoder
    return TEMPLATE.format(
        name=facts.name,
        version=facts.version,
        side=facts.side,
        terms=terms_section(facts.sources),
        notes="".join(f"- {note}\n" for note in facts.notes),
        limits=_limits(facts),
        encoder_size=f"{encoder.get('model', {}).get('parameters', 0):,}",
        encoder_steps=f"{encoder.get('model', {}).get('training_step', 0):,}",
        clip_score=f"a clip's score is the {encoder.get('clip_score', 'mean of its answers')}",
        split=encoder.get("split", "not recorded").removeprefix("test: "),
        speech=encoder.get("said") or _speech_section(encoder.get("speech")),
        music=_music_section(encoder.get("vgmidi")),
        generator=_generator_section(facts),
        speed=_speed_section(facts),
    )


def card_of_new_encoder(
    card: str, manifest: Manifest, report: Mapping[str, Any], notes: Sequence[str]
) -> str:
    """An earlier card whose terms, points on the encoder, its section and that on speed are of another encoder.

    report: as the encoder's metrics.json; it may say `precision` (of the file that the figures are of) and `room`
    (lines on how it holds in a real room). Points of the card that begin with "The encoder" give way to `notes`.
    """
    before, _, rest = with_terms(card, manifest.data).partition("\n## Encoder\n")
    _, _, tail = rest.partition("\n## Generator\n")
    generator, _, _ = tail.partition("\n## Speed and parity\n")
    assert manifest.timing is not None
    assert manifest.parity is not None
    lines = [line for line in before.split("\n") if not line.startswith("- The encoder")]
    at = lines.index("## What it cannot do") + 2
    lines[at:at] = [f"- {note}" for note in notes]
    encoder = ENCODER_SECTION.format(
        encoder_size=f"{report['model']['parameters']:,}",
        encoder_steps=f"{report['model']['training_step']:,}",
        precision=report.get("precision", "the exported ONNX file"),
        clip_score=f"a clip's score is the {report['clip_score']}",
        split=str(report["split"]).removeprefix("test: "),
        speech=_speech_section(report.get("speech")),
        music=_music_section(report.get("vgmidi")),
    )
    facts = CardFacts(
        manifest.name, manifest.version, manifest.data, report, {}, 1.0, manifest.timing, manifest.parity,
        manifest.tiers, manifest.generator.image_size[0], manifest.art_index, {},
    )  # fmt: skip
    room = [*report["room"], ""] if report.get("room") else []
    parts = [
        "\n".join(lines),
        "## Encoder",
        "",
        encoder,
        *room,
        "## Generator",
        generator.rstrip("\n").lstrip("\n"),
    ]
    return "\n".join(parts) + f"\n\n## Speed and parity\n\n{_speed_section(facts)}\n"


def card_of_new_painter(card: str, manifest: Manifest, section: str, notes: Sequence[str]) -> str:
    """An earlier card whose name, terms, points on the generator, its section and that on speed are of another one."""
    assert manifest.timing is not None
    assert manifest.parity is not None
    before, _, rest = card.partition("\n## Encoder\n")
    encoder, _, _ = rest.partition("\n## Generator\n")
    opening, _, points = before.partition("\n## What it cannot do\n")
    _, _, opening = opening.partition("\n")
    opening, _, _ = opening.partition(f"\n{TERMS_HEADING}\n")
    kept = [line for line in points.strip("\n").split("\n") if not line.startswith("- The generator")]
    facts = CardFacts(
        manifest.name, manifest.version, manifest.data, {}, {}, 1.0, manifest.timing, manifest.parity,
        manifest.tiers, manifest.generator.image_size[0], manifest.art_index, {},
    )  # fmt: skip
    return "\n".join(
        [
            f"# Model pack `{manifest.name}` {manifest.version}",
            opening.rstrip("\n"),
            "",
            terms_section(manifest.data),
            "",
            "## What it cannot do",
            "",
            *(f"- {note}" for note in notes),
            *kept,
            "",
            "## Encoder",
            encoder.rstrip("\n"),
            "",
            "## Generator",
            "",
            section.strip("\n"),
            "",
            "## Speed and parity",
            "",
            _speed_section(facts),
            "",
        ]
    )


def _limits(facts: CardFacts) -> str:
    own = all(
        "user's own" in source.licence for source in facts.sources if source.used_for.startswith("encoder")
    )
    usual = LIMITS_OF_OWN if own else LIMITS_OF_SPEECH.format(gain=f"{facts.label_gain:g}")
    parts = [facts.encoder.get("limits") or usual]
    parts.append(LIMITS_OF_PICTURES.format(side=facts.side))
    if not any("SqueezeNet" in source.name for source in facts.sources):
        parts.append(LIMIT_OF_RANDOM)
    return "\n".join(parts)


def _speech_section(speech: Mapping[str, Any] | None) -> str:
    if speech is None:
        return "Speech: not evaluated."
    lines = [
        "| speech, angry / happy / sad, unseen speakers | clips | speakers | macro-F1 | majority baseline |",
        "|---|---|---|---|---|",
    ]

    def line(label: str, figures: Mapping[str, Any], bold: bool = False) -> str:
        score = f"{figures['macro_f1']:.3f}"
        return (
            f"| {label} | {figures['clips']} | {figures['speakers']} | {f'**{score}**' if bold else score} "
            f"| {figures['majority_macro_f1']:.3f} |"
        )

    if "onnx_streamed_without_tess" in speech:
        lines.append(line("all but TESS", speech["onnx_streamed_without_tess"], bold=True))
        lines.append(line("all (TESS has two speakers and inflates)", speech["onnx_streamed"]))
    else:
        lines.append(line("all", speech["onnx_streamed"], bold=True))
    lines += [line(corpus, figures) for corpus, figures in speech["per_corpus_onnx_streamed"].items()]
    lines.append("")
    if "running_macro_f1_without_tess" in speech:
        lines.append(
            f"The running answer, without TESS: {_running(speech['running_macro_f1_without_tess'])}."
        )
    lines.append(f"The running answer on all clips: {_running(speech['running_macro_f1_onnx_streamed'])}.")
    if "subset_macro_f1_by_gain_db" in speech:
        levels = ", ".join(
            f"{f1:.3f} at {gain} dB" for gain, f1 in speech["subset_macro_f1_by_gain_db"].items()
        )
        lines += [f"{speech['subset'].capitalize()}: {speech['subset_macro_f1']:.3f} as recorded, {levels}."]
    if "torch_offline" in speech:
        lines += [f"Offline in torch, all clips: {speech['torch_offline']['macro_f1']:.3f}."]
    return "\n".join(lines)


def _running(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{score:.3f} after {at.removesuffix('_s')} s" for at, score in scores.items())


def _music_section(music: Mapping[str, Any] | None) -> str:
    if music is None:
        return "Rated music: not evaluated."
    lines = [
        f"| VGMIDI, {music['series']} unseen game series | points | r valence | r arousal "
        "| RMSE valence (always the mean) | RMSE arousal (always the mean) |",
        "|---|---|---|---|---|---|",
    ]
    for label, key in (
        ("per piece", "pieces_onnx_streamed"),
        ("per measure, in time", "measures_onnx_streamed"),
    ):
        figures = music[key]
        lines.append(
            f"| {label} | {figures['count']} | {figures['valence_r']:.2f} | {figures['arousal_r']:.2f} "
            f"| {figures['valence_rmse']:.3f} ({figures['valence_mean_rmse']:.3f}) "
            f"| {figures['arousal_rmse']:.3f} ({figures['arousal_mean_rmse']:.3f}) |"
        )
    lines += ["", "Always saying the mean has r 0."]
    return "\n".join(lines)


def _generator_section(facts: CardFacts) -> str:
    intro = (
        f"A conditional GAN for abstract pictures of {facts.side} x {facts.side}, steered by valence, arousal and the "
        "probabilities of angry, happy and sad; angry stands for anger, disgust and fear among the pictures, happy for "
        "amusement, contentment and excitement. It learned on the train and val artists; held-out figures are of "
        "artists it has not seen."
    )
    if not facts.generator:
        return intro + "\n\nNot evaluated."
    run = facts.generator_run
    learned = [
        f"{number:,} {what}"
        for what, number in (("steps", run.get("step")), ("pictures seen", run.get("images_seen")))
        if isinstance(number, int)
    ]
    held = run.get("data", {}).get("held_out", {})
    data = f"Held out: {held.get('paintings')} pictures of the test split." if held.get("paintings") else ""
    notes = (
        "Asked and read: correlation between the valence or arousal asked for and that read from the picture. Frechet: "
        "distance to real paintings, nearer is better; features that the discriminator learned on flatter, the pixel "
        "space is independent. Three emotions, consistency: share of pictures whose neighbours among real paintings "
        "carry the emotion asked for. Real, held out: the same measure on real paintings of unseen artists; made: on "
        "ours. Motion: change in 8-bit levels."
    )
    rows = [
        f"| {key.removeprefix('generator_').replace('_', ' ')} | {value:g} |"
        for key, value in facts.generator.items()
    ]
    facts_line = " ".join(filter(None, [f"Trained for {', '.join(learned)}." if learned else "", data]))
    return "\n".join(
        [
            intro,
            *([facts_line] if facts_line else []),
            "",
            notes,
            "",
            "| figure | value |",
            "|---|---|",
            *rows,
        ]
    )


def _speed_section(facts: CardFacts) -> str:
    timing, parity = facts.timing, facts.parity
    lines = [
        f"On one thread of {timing.machine}, {timing.runtime}, the thread's own time:",
        "",
        "| | ms |",
        "|---|---|",
        f"| encoder, one step of 80 ms | {timing.encoder_step_ms:.3f} |",
        f"| generator, one picture of {facts.side} x {facts.side} | {timing.generator_image_ms:.1f} "
        f"({timing.images_per_s:.0f} a second) |",
        "",
        f"Greatest difference of the ONNX models from torch: encoder {parity.encoder_torch_onnx:.1e}, generator "
        f"{parity.generator_torch_onnx:.1e}; of the encoder streamed from the encoder that hears the whole sound at "
        f"once {parity.encoder_streamed_offline:.1e}.",
    ]
    lines += [
        f"- {short_name(tier.model)}, {tier.precision}: {tier.why}."
        for tier in facts.tiers
        if tier.precision != "fp32"
    ]
    if facts.art_index is not None:
        lines += [
            "",
            f"With an index of {facts.art_index.count:,} paintings, names and places only, by nearness to a sound.",
        ]
    return "\n".join(lines)
