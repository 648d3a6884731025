"""The pages of `docs/results/`, as text made from the metrics files and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chromesthesia_training.metrics.metrics_file import SECTIONS, Metrics
from chromesthesia_training.results.adaptation_part import adaptation_part
from chromesthesia_training.results.analysis_page import analysis_page
from chromesthesia_training.results.book import NOT_RUN, Book, link, said, seeds_said, table
from chromesthesia_training.results.free_part import free_part
from chromesthesia_training.results.generator_page import generator_page
from chromesthesia_training.results.music_page import music_page
from chromesthesia_training.results.parts import picture, targets_table
from chromesthesia_training.results.recipes import aids, input_said, shared_choices
from chromesthesia_training.results.robust_part import robust_part
from chromesthesia_training.results.rows import ENCODER_ROWS, ROWS, EncoderRow, missing
from chromesthesia_training.results.targets import summary
from chromesthesia_training.results.vae_page import vae_page

COMMAND = "chromesthesia-train results"
MISSED = "missed.md"
OF_MACHINES = {
    "bench-cpu.md": "two cores without a GPU",
    "bench-gpu.md": "an NVIDIA H200",
    "growth.md": "what more of anything costs",
    "soak-60.md": "an hour of faults",
}
"""Pages beside these that were measured of the engine, and what they are called."""
"""Written by hand: what was tried for each target that is missed."""
MOVED = "what-moved-figures-past-their-targets"
TITLES = {
    "encoders": "Encoders of sound",
    "alignment": "Alignment and the reference cGAN",
    "analysis": "What drives it",
    "generator": "The generator",
    "music": "Valence and arousal of music",
    "vae": "TokenFusionVAE",
    "pack": "The pack",
    "data": "Data",
}
ABOUT = {
    "encoders": "Emotion of a clip, three classes (angry, happy, sad). The reference's networks hear log-mel. Ours of "
    "the same names take three planes of 80 steps and 64 bands: log-mel against the clip's own level, each band "
    "against its own mean and deviation in the clip, and a pitch gram; the ANN takes 316 functionals of log-mel and "
    "pitch instead. Two protocols stand side by side and are never mixed: by clip at random, as the reference does, "
    "where a speaker is in both parts; and by speaker, five grouped folds, where none is. TESS has two speakers and "
    "inflates every score: it is left out by speaker unless a row says otherwise.",
    "alignment": "Sounds and paintings projected into one space of 128 dimensions, retrieval across it, and the "
    "reference's conditional GAN rebuilt.",
    "analysis": "Which features of sound and of pictures carry the shared space of the default pack, how the two go "
    "together, and how far the space falls into emotions by itself.",
    "pack": "What export measured: parity with torch, streamed against offline, int8 against fp32, times.",
    "data": "What was looked through and prepared before any training.",
}


def render(book: Book, figures: Sequence[str] = ()) -> dict[str, str]:
    """Every page and `summary.json` by file name. `figures` names the drawings and pictures that are there."""
    shown = set(figures)
    pages = {"README.md": _front(book, shown), "summary.json": _summary_text(book)}
    for section in SECTIONS:
        body = BODIES[section](book, shown) if section in BODIES else []
        lines = [
            f"# {TITLES[section]}",
            "",
            *([ABOUT[section], ""] if section in ABOUT else []),
            *body,
            *_every_run(book, section, figures=section not in SHOWN_WHOLE),
        ]
        pages[f"{section}.md"] = _whole(lines)
    return pages


def _whole(lines: Sequence[str]) -> str:
    while lines and not lines[-1]:
        lines = lines[:-1]
    return (
        "\n".join([*lines, "", f"*Made by `{COMMAND}` from the [metrics files](metrics).*"]).rstrip() + "\n"
    )


def _summary_text(book: Book) -> str:
    return json.dumps(summary(book), indent=1, ensure_ascii=False) + "\n"


def _front(book: Book, shown: set[str]) -> str:
    gone = missing(book)
    lines = [
        "# Results",
        "",
        "Every figure here comes from a run whose metrics file is in [metrics](metrics), with its command, data, "
        "split, settings, seeds and machine. Figures of the reference were measured on other data than ours: a row "
        "says so, and the two are not to be compared as if they were one experiment.",
        "",
        "| page | what |",
        "| --- | --- |",
        *(f"| [{TITLES[section]}]({section}.md) | {_files_said(book, section)} |" for section in SECTIONS),
        "",
        "## Targets",
        "",
        *targets_table(book),
        "",
        *picture("samples.jpg", "Pictures of the default pack, asked for by emotion", shown),
        *picture("clip.webp", "The default pack following an angry, a happy and a sad voice", shown),
    ]
    if MISSED in shown:
        lines += [f"Where a target is missed, [what was tried and what it gave]({MISSED}).", ""]
    if machines := [f"[{words}]({page})" for page, words in OF_MACHINES.items() if page in shown]:
        lines += [f"What the engine does on a machine: {', '.join(machines)}.", ""]
    if gone:
        lines += ["## Not run yet", "", *(f"- {one}" for one in gone), ""]
    return _whole(lines)


def _files_said(book: Book, section: str) -> str:
    count = len(list(book.section(section)))
    return f"{count} metrics file{'' if count == 1 else 's'}"


def _encoders(book: Book, shown: set[str]) -> list[str]:
    rows = [_encoder_row(row, book) for row in ENCODER_ROWS]
    headers = [
        "encoder",
        "theirs: accuracy",
        "macro-F1",
        "M",
        "min",
        "ours, random split: accuracy",
        "macro-F1",
        "M",
        "min",
        "ours, by speaker: macro-F1",
        "same work",
        "seeds",
        "metrics",
    ]
    lines = [
        "## Targets",
        "",
        *targets_table(book, "encoder."),
        "",
        "## The reference's encoders",
        "",
        "Theirs: about 6,500 clips of CREMA-D, RAVDESS, SAVEE and TESS, 80/20 by clip, best epoch on the validation "
        "clips. Ours: RAVDESS, EMO-DB, URDU and nEMO, with TESS in the random split only. By speaker: mean and "
        "deviation over five folds; at random: one split of 80/20 where no deviation stands. Size and minutes are of "
        "the training at random, theirs on another machine, ours by the clock on cores shared with "
        "other work: not the same work in any row.",
        "",
        *table(headers, rows, range(1, 10)),
        "",
        *_helped(book, shown),
        *shared_choices(book),
        "## Its other rows",
        "",
        *_other_rows(book, "A"),
        "",
        *_every_encoder(book),
        *robust_part(book),
        *adaptation_part(book),
        *free_part(book),
    ]
    for name, words in (
        ("encoders_protocols.png", "Macro-F1 by clip and by speaker beside the reference"),
        ("encoders_size_time.png", "Size against training time, ours and theirs"),
        ("encoders_confusion.png", "Confusion by speaker"),
        ("encoders_confusion_random.png", "Confusion by clip at random, the tuned CNN too"),
        ("encoders_curves.png", "Learning curves"),
        ("encoders_optuna.png", "Optuna: importance and trials"),
    ):
        lines += picture(name, words, shown)
    return lines + _per_class(book)


def _helped(book: Book, shown: set[str]) -> list[str]:
    """Which of the reference's encoders had more than plain training here."""
    lines = []
    for row in ENCODER_ROWS:
        helped = [metrics for name in row.needs if (metrics := book.get(name)) is not None and aids(metrics)]
        if helped:
            links, had = ", ".join(map(link, helped)), "; ".join(aids(helped[0]))
            lines.append(f"The {row.title} ({links}) had more than the others: {had}.")
    if not lines:
        return []
    if MISSED in shown:
        lines[-1] += f" What it had without: [what moved figures]({MISSED}#{MOVED})."
    return [*lines, ""]


def _encoder_row(row: EncoderRow, book: Book) -> list[str]:
    random, speaker = (book.get(name) for name in row.needs)
    theirs = [f"{row.accuracy:.3f}", f"{row.macro_f1:.3f}", f"{row.millions:.2f}", f"{row.minutes:g}"]
    missing_cell = f"**{NOT_RUN}**"
    of_random = (
        [said(random.figure("accuracy")), said(random.figure("macro_f1"))] if random else [missing_cell] * 2
    )
    of_speaker = said(speaker.figure("macro_f1")) if speaker else missing_cell
    some = random or speaker
    parameters = some.figure("parameters") if some else None
    minutes = some.figure("minutes") if some else None
    other = speaker.figure("parameters") if speaker else None
    if (
        parameters is not None
        and other is not None
        and abs(other.mean - parameters.mean) > 0.05 * parameters.mean
    ):
        of_speaker += f" (a net of {other.mean / 1e6:.2f} M)"
    return [
        row.title,
        *theirs,
        *of_random,
        "-" if parameters is None else f"{parameters.mean / 1e6:.2f}",
        "-" if minutes is None else f"{minutes.mean:.1f}",
        of_speaker,
        "; ".join(["no: other corpora", *_otherwise(some)]),
        seeds_said(some) if some else "-",
        ", ".join(link(one) for one in (random, speaker) if one) or NOT_RUN,
    ]


def _otherwise(metrics: Metrics | None) -> list[str]:
    """In what else a run is not the reference's work."""
    return [] if metrics is None else [one for one in (input_said(metrics), *aids(metrics)) if one]


def _other_rows(book: Book, section: str) -> list[str]:
    rows = []
    for row in ROWS:
        if row.section != section:
            continue
        files = row.files(book)
        first = files[0] if files else None
        rows.append(
            [
                row.what,
                row.theirs,
                row.said(book),
                row.work,
                first["split"] if first else "-",
                seeds_said(first) if first else "-",
                ", ".join(link(one) for one in files) if files else NOT_RUN,
            ]
        )
    return table(["what", "theirs", "ours", "same work", "split", "seeds", "metrics"], rows)


def _every_encoder(book: Book) -> list[str]:
    """Every run that scored an encoder, the reference's and ours, in one table."""
    rows = []
    for metrics in book.section("encoders"):
        if metrics.figure("macro_f1") is None:
            continue
        parameters = metrics.figure("parameters")
        rows.append(
            [
                link(metrics),
                metrics["protocol"].replace("_", " "),
                "yes" if metrics["data"].get("trained_with_tess") else "no",
                said(metrics.figure("accuracy")),
                said(metrics.figure("macro_f1")),
                said(metrics.figure("macro_f1_with_tess")),
                "-" if parameters is None else f"{parameters.mean / 1e6:.2f}",
                said(metrics.figure("minutes"), 1),
            ]
        )
    headers = [
        "run",
        "protocol",
        "TESS trains",
        "accuracy",
        "macro-F1",
        "macro-F1, TESS scored too",
        "M",
        "min",
    ]
    return ["## Every encoder and protocol", "", *table(headers, rows, range(3, 8)), ""] if rows else []


def _per_class(book: Book) -> list[str]:
    rows = []
    for metrics in book.section("encoders"):
        classes = metrics.get("per_class")
        if isinstance(classes, Mapping) and all(isinstance(one, Mapping) for one in classes.values()):
            rows += [
                [
                    link(metrics) if number == 0 else "",
                    name,
                    *(_number(one.get(key)) for key in ("precision", "recall", "f1", "support")),
                ]
                for number, (name, one) in enumerate(classes.items())
            ]
    if not rows:
        return []
    return [
        "## By class",
        "",
        *table(["run", "emotion", "precision", "recall", "F1", "clips"], rows, range(2, 6)),
        "",
    ]


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"


def _alignment(book: Book, shown: set[str]) -> list[str]:
    lines = [
        "## Targets",
        "",
        *targets_table(book, "retrieval.", "cgan."),
        "",
        "## The reference's rows",
        "",
        *_other_rows(book, "B"),
        "",
    ]
    for name, words in (
        ("alignment_losses.png", "InfoNCE and the multi-positive loss"),
        ("alignment_umap.png", "The shared space by emotion and by modality"),
        ("cgan_snapshots.jpg", "The reference cGAN, rebuilt, at its snapshots"),
        ("cgan_tuned_snapshots.jpg", "The same with the settings of our search, at its snapshots"),
        ("alignment_cgan_tuning.png", "Tuning the reference cGAN: importance and trials"),
        ("consistency.png", "Emotion consistency beside ceiling and floor"),
    ):
        lines += picture(name, words, shown)
    return lines


def _every_run(book: Book, section: str, figures: bool = True) -> list[str]:
    """All metrics files of a section: figures, data, split, command, so that none stays unmentioned."""
    lines = ["## Runs", ""]
    for metrics in book.section(section):
        lines += [f"### {metrics.name}", "", f"`{metrics['command']}`", ""]
        lines += [f"- Data: {_sentence(metrics['data']['what'])}{_clips(metrics)}"]
        lines += [
            f"- Protocol {metrics['protocol']}; split: {_sentence(metrics['split'])} Seeds: {seeds_said(metrics)}."
        ]
        lines += [f"- {_settings(metrics)}"] if metrics["settings"] else []
        lines += [f"- {metrics['created']}, {metrics['machine']}; all of it: {link(metrics)}."]
        lines += [f"- {_sentence(note)}" for note in metrics.get("notes") or []]
        listed = _plain_figures(metrics["figures"]) if figures else []
        lines += ["", *table(["figure", "value"], listed, (1,)), ""] if listed else [""]
    return lines if len(lines) > 2 else [*lines, f"**{NOT_RUN}**", ""]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _clips(metrics: Metrics) -> str:
    clips = metrics["data"].get("clips")
    corpora = metrics["data"].get("corpora") or []
    parts = [f"{clips:,} clips"] if clips else []
    parts += [f"corpora {', '.join(corpora)}"] if corpora else []
    return f" {'; '.join(parts).capitalize()}." if parts else ""


def _settings(metrics: Metrics) -> str:
    settings = ", ".join(
        f"{name.replace('_', ' ')} {_setting(value)}" for name, value in metrics["settings"].items()
    )
    return f"Settings: {settings}."


def _setting(value: Any) -> str:
    if isinstance(value, Mapping):
        return (
            "(" + ", ".join(f"{name.replace('_', ' ')} {_setting(one)}" for name, one in value.items()) + ")"
        )
    if isinstance(value, list):
        return " / ".join(_setting(one) for one in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _plain_figures(figures: Mapping[str, Any], prefix: str = "", depth: int = 0) -> list[list[str]]:
    """Numbers of nested figures as rows; beyond the third level they stay in the file."""
    rows: list[list[str]] = []
    for name, value in figures.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, Mapping) and "mean" in value:
            deviation = value.get("deviation")
            spread = (
                "" if deviation is None or len(value.get("folds") or "12") == 1 else f" ± {_short(deviation)}"
            )
            rows.append([label, f"{_short(value['mean'])}{spread}"])
        elif isinstance(value, Mapping):
            rows += _plain_figures(value, f"{label}: ", depth + 1) if depth < 3 else []
        elif isinstance(value, int | float) and not isinstance(value, bool):
            rows.append([label, _short(value)])
    return rows


def _short(value: float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}"


BODIES: dict[str, Callable[[Book, set[str]], list[str]]] = {
    "encoders": _encoders,
    "alignment": _alignment,
    "analysis": analysis_page,
    "generator": generator_page,
    "music": lambda book, shown: music_page(book, shown, _other_rows(book, "C")),
    "vae": lambda book, shown: vae_page(book, shown, _other_rows(book, "D")),
}
SHOWN_WHOLE = ("music", "analysis")
"""Sections whose tables show every figure already."""
