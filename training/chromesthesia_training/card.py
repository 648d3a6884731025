"""The model card of a pack: what it is, what it learned from, how well it does on which data, where it fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chromesthesia_training.sources import DataSource

TEMPLATE = """# Model pack `{name}` {version}

Two small networks for Chromesthesia: a streaming encoder that follows the emotion in sound, one answer every 20 ms,
and a generator that paints abstract pictures from it. ONNX, fp32, opset 20; the mel settings, tensors and checksums are
in `manifest.toml`.

## What it learned from

| data | used for | licence |
|---|---|---|
{sources}

{terms}

## Encoder

{encoder_size} parameters, {encoder_steps} training steps, causal, all memory in explicit state tensors. Answers:
valence and arousal in -1..1, the probabilities of angry, happy and sad, a 128-d embedding, and a confidence (greatest
temperature-scaled probability, fitted on the validation split, 0 at chance, 1 at certainty). Figures below come from
the shipped ONNX file, streamed in 20 ms steps; {clip_score}.
Test split: {split}.

{speech}

{music}

## Generator

{generator}

## Limits

{notes}- The speech is acted, mostly studio recordings in four languages by few speakers. Spontaneous speech is harder,
  other languages and children are untried. The same sentences occur in training and test in three of the corpora; the
  speakers do not. One split with few speakers is one draw, not a ranking of methods.
- Valence and arousal of speech, and of the Emotify songs, were not rated by anyone: they are proxies derived from
  categories. For music, angry, happy and sad are derived from the place on the valence-arousal plane: a proxy too.
  Only the VGMIDI piano pieces carry ratings; ratings of many listeners crowd around zero, training stretches them by
  {gain}.
- Neutral, fearful, surprised and other speech still gets probabilities of angry, happy and sad: mind the confidence.
- What is heard is the expression in a sound, not what anybody feels. This is an instrument for light, not a medical
  device, and not a means to judge or watch people. Do not use it for either.
"""


def card_text(
    name: str,
    version: str,
    sources: Sequence[DataSource],
    encoder: Mapping[str, Any],
    generator: Mapping[str, float],
    label_gain: float,
    notes: Sequence[str] = (),
) -> str:
    """Markdown of the card.

    encoder: content of the run's metrics.json; generator: flat figures of the generator; notes: what else a user of
    these weights should know, one point each.
    """
    restricted = any(source.restricted for source in sources)
    return TEMPLATE.format(
        name=name,
        version=version,
        notes="".join(f"- {note}\n" for note in notes),
        sources="\n".join(f"| {source.name} | {source.used_for} | {source.licence} |" for source in sources),
        terms=(
            "Several of these forbid commercial use or are meant for research: **so the weights are for research and "
            "non-commercial use.** No sound and no picture of the data is part of the pack."
            if restricted
            else "None of these restricts the use of the weights."
        ),
        encoder_size=f"{encoder.get('model', {}).get('parameters', 0):,}",
        encoder_steps=f"{encoder.get('model', {}).get('training_step', 0):,}",
        clip_score=f"a clip's score is the {encoder.get('clip_score', 'mean of its answers')}",
        split=encoder.get("split", "not recorded").removeprefix("test: "),
        speech=_speech_section(encoder.get("speech")),
        music=_music_section(encoder.get("vgmidi")),
        generator=_generator_section(generator),
        gain=f"{label_gain:g}",
    )


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
    running = ", ".join(
        f"{score:.3f} after {at.removesuffix('_s')} s"
        for at, score in speech["running_macro_f1_onnx_streamed"].items()
    )
    lines += ["", f"The running answer on all clips: {running}."]
    if "subset_macro_f1_by_gain_db" in speech:
        levels = ", ".join(
            f"{f1:.3f} at {gain} dB" for gain, f1 in speech["subset_macro_f1_by_gain_db"].items()
        )
        lines += [f"{speech['subset'].capitalize()}: {speech['subset_macro_f1']:.3f} as recorded, {levels}."]
    lines += [f"Offline in torch, all clips: {speech['torch_offline']['macro_f1']:.3f}."]
    return "\n".join(lines)


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


def _generator_section(figures: Mapping[str, float]) -> str:
    intro = (
        "A conditional GAN for abstract pictures of 128 x 128, steered by valence, arousal and the probabilities of "
        "angry, happy and sad; angry stands for anger, disgust and fear among the paintings, happy for amusement, "
        "contentment and excitement. It learned on the train and val artists; held-out figures are of artists it "
        "has not seen."
    )
    if not figures:
        return intro + "\n\nNot evaluated."
    notes = (
        "Asked and read: correlation between the valence or arousal asked for and that read from the picture, by a "
        "reader on deep features and one on colours. Frechet: distance to real paintings, nearer is better; fire9 "
        "flatters, since the discriminator learned on it, the pixel space is independent. Three emotions: share of "
        "pictures whose neighbours among real paintings carry the emotion asked for. Real held out: the same measure "
        "on real paintings of unseen artists, made: on ours. Motion: change in 8-bit levels."
    )
    rows = [
        f"| {key.removeprefix('generator_').replace('_', ' ')} | {value:g} |"
        for key, value in figures.items()
    ]
    return "\n".join([intro, "", notes, "", "| figure | value |", "|---|---|", *rows])
