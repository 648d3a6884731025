"""The page of the generator: its targets, distances, consistency, control, motion and copies beside real paintings."""

from __future__ import annotations

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.parts import picture, targets_table

SPACES = {
    "fire9": "fire9 at 112 pixels, one scale, 64 axes: `gan.frechet_squeezenet` (the discriminator sees it too)",
    "pixels": "16 x 16 pixels, 64 axes: `gan.frechet_pixels`",
    "colour": "colour statistics (unseen by training)",
    "texture": "log-Gabor texture (unseen by training)",
    "fire9_standardised": "fire9, each channel by its own deviation, against the split train alone: a second reading",
    "fire9_at_224": "fire9 at 224 pixels: fine texture counts",
}
INTRO = (
    "Each figure of made pictures stands beside the same measure on real paintings of artists that training has not "
    "seen. A draw asks for 300 pictures by the conditions of 300 held-out paintings (their ratings and their one of "
    "eight emotions); what the engine's five values can say of them stands beside. Mean and deviation "
    "are over the draws; real figures of the distances are means over twenty."
)
FREE = (
    "Its painter learned from squares of 1,501 paintings in the public domain, labelled by rule "
    "([how](../decisions/0024-a-free-painter.md)), and from none of D-ViSA's. Every figure of its column is of those "
    "all the same: distances are between landscapes and abstract paintings, and what is read from its pictures is what "
    "people said of others. On its own held-out squares, read by its own rules, pleasure asked and read have r 0.97, "
    "arousal 0.92 (its card)."
)


def generator_page(book: Book, shown: set[str]) -> list[str]:
    """Lines of the page above its list of runs."""
    lines = [INTRO, "", "## Targets", "", *targets_table(book, "gan."), ""]
    lines += picture("samples.jpg", "Pictures of the default pack, asked for by emotion", shown)
    lines += picture("clip.webp", "The default pack following an angry, a happy and a sad voice", shown)
    files = list(book.section("generator"))
    made = [metrics for metrics in files if metrics.figure("frechet.fire9.made")]
    if made:
        lines += _distances(made) + _overlap(made) + _consistency(made) + _control(made)
        lines += _motion(made) + _copies(made)
    lines += _free(book, shown)
    for name, words in (
        ("generator_distances.png", "Distances of made pictures over those of real paintings"),
        ("consistency.png", "Emotion consistency beside ceiling and floor"),
        ("generator_control.png", "Asked and read"),
    ):
        lines += picture(name, words, shown)
    return lines


def _free(book: Book, shown: set[str]) -> list[str]:
    if book.get("generator/free") is None:
        return []
    return [
        "## The free pack",
        "",
        FREE,
        "",
        *targets_table(book, "free.gan."),
        "",
        *picture("free-samples.jpg", "Pictures of the free pack, asked for by emotion", shown),
        *picture("free-clip.webp", "The free pack following an angry, a happy and a sad voice", shown),
    ]


def _columns(files: list[Metrics]) -> list[str]:
    return [f"{link(metrics)} ({metrics['settings'].get('side', '?')} px)" for metrics in files]


def _distances(files: list[Metrics]) -> list[str]:
    rows = [
        [
            words,
            *(said(one.figure(f"frechet.{space}.made"), 1) for one in files),
            said(files[0].figure(f"frechet.{space}.real_held_out"), 1),
        ]
        for space, words in SPACES.items()
    ]
    rows.append(
        [
            "kernel distance (KID) on fire9, times 1000, unbiased, 50 subsets of 100",
            *(said(one.figure("kernel_distance.made"), 1) for one in files),
            f"{said(files[0].figure('kernel_distance.real_held_out'), 1)}; same artists "
            f"{said(files[0].figure('kernel_distance.real_same_artists'), 1)}",
        ]
    )
    return [
        "## Distance to real paintings",
        "",
        "Frechet distances of 300 pictures to all 2,096 paintings of train and val; less is better. The discriminator "
        "sees fire9, and a generator whose latents are laid out on small paintings is fitted near the pixel space: "
        "colour and texture are the spaces that nothing in training has seen.",
        "",
        *table(["space", *_columns(files), "real, unseen artists"], rows, range(1, len(files) + 2)),
        "",
    ]


def _overlap(files: list[Metrics]) -> list[str]:
    """Of the runs that it was measured for; none where there are none."""
    files = [one for one in files if one.figure("overlap.fire9_at_224.made.recall")]
    if not files:
        return []
    spaces = {"fire9_at_224": "fire9 at 224 pixels", "colour": "colours", "texture": "texture"}
    figures = {
        "precision": "precision",
        "recall": "recall",
        "density": "density",
        "coverage": "coverage",
        "judge_auroc": "judge, area under the ROC",
    }
    rows = [
        [
            f"{words}, {name}",
            *(said(one.figure(f"overlap.{space}.made.{figure}")) for one in files),
            said(files[0].figure(f"overlap.{space}.real_known_artists.{figure}")),
        ]
        for space, words in spaces.items()
        for figure, name in figures.items()
    ]
    return [
        "## Who is reached",
        "",
        "300 pictures among as many paintings of unseen artists, k = 3 neighbours. Precision: share of the pictures "
        "that lie among the paintings; recall: share of the paintings that lie among the pictures; density and "
        "coverage: the same, steadier. A linear judge who was shown four fifths of both says of the last fifth which "
        "they are: 0.5 is guessing. Beside them as many paintings of the artists that training had.",
        "",
        *table(["figure", *_columns(files), "real, known artists"], rows, range(1, len(files) + 2)),
        "",
    ]


def _consistency(files: list[Metrics]) -> list[str]:
    rows = []
    for classes, title in (("three_emotions", "3-way"), ("eight_emotions", "8-way")):
        for k in (1, 5, 11):
            rows.append(
                [
                    f"{title}, k = {k}, balanced vote",
                    *(said(one.figure(f"{classes}.made_by_k.k{k}")) for one in files),
                    *(
                        said(files[0].figure(f"{classes}.real_{name}_by_k.k{k}"))
                        for name in ("leaving_one_out", "other_artists")
                    ),
                    said(files[0].figure(f"{classes}.real_shuffled")) if k == 5 else "-",
                ]
            )
        rows.append(
            [
                f"{title}, any of five",
                *(said(one.figure(f"{classes}.made_any_of_k.k5")) for one in files),
                *(
                    said(files[0].figure(f"{classes}.real_{name}_any_of_k.k5"))
                    for name in ("leaving_one_out", "other_artists")
                ),
                "-",
            ]
        )
    for figure, words in (
        ("made_among_unseen_artists", "3-way, k = 5, neighbours of unseen artists only"),
        ("made_conditions_shuffled", "3-way, k = 5, conditions shuffled (floor)"),
        ("made_by_five_values", "3-way, k = 5, asked for by the engine's five values"),
        ("made_when_sure", "3-way, k = 5, asked for as the engine does when it is sure"),
    ):
        rows.append([words, *(said(one.figure(f"three_emotions.{figure}")) for one in files), "-", "-", "-"])
    headers = [
        "consistency",
        *_columns(files),
        "real, leaving one out",
        "real, other artists",
        "real, labels shuffled",
    ]
    return [
        "## Emotion consistency",
        "",
        "Do a picture's nearest real paintings carry the emotion it was asked for? Pictures are "
        "asked for by the inner condition (one of eight emotions); the engine has five values, which stand in rows of "
        "their own.",
        "",
        *table(headers, rows, range(1, len(headers))),
        "",
    ]


def _control(files: list[Metrics]) -> list[str]:
    readers = {
        "deep": "deep features (its twin is in the loss)",
        "colour": "colours",
        "colour_texture": "colours and texture",
    }
    rows = []
    for rating in ("valence", "arousal"):
        for reader, words in readers.items():
            place = f"asked_and_read.{reader}.{rating}"
            rows.append(
                [
                    f"{rating}, read from {words}",
                    *(said(one.figure(f"{place}.made_r")) for one in files),
                    *(said(one.figure(f"{place}.made_by_five_values_r")) for one in files),
                    *(said(one.figure(f"{place}.made_by_engine_condition_r")) for one in files),
                    said(files[0].figure(f"{place}.real_held_out_r")),
                ]
            )
    columns = _columns(files)
    headers = [
        "r of asked and read",
        *(f"{one}, conditions of held-out paintings" for one in columns),
        *(f"{one}, the same by five values" for one in columns),
        *(f"{one}, the engine's whole range" for one in columns),
        "real, rated by people",
    ]
    return ["## Control", "", *table(headers, rows, range(1, len(headers))), ""]


def _motion(files: list[Metrics]) -> list[str]:
    wanted = {
        "constant sound, walk at rest: change a frame": ("motion_under_sound.constant_sound_still", 3),
        "constant sound, walking as by default: change a frame": (
            "motion_under_sound.constant_sound_walking",
            3,
        ),
        "the same: second over first difference (2 trembles, 0 is straight)": (
            "motion_under_sound.constant_sound_jerkiness",
            3,
        ),
        "angry, happy and sad voices, walk at rest: change a frame": (
            "motion_under_sound.changing_emotion_still",
            3,
        ),
        "flicker: constant over changing": ("motion_under_sound.flicker_over_change", 3),
        "between the mean pictures of two emotions": ("motion_under_sound.between_emotions.mean", 1),
        "no sound, a step of 0.02 rad of the latent": ("motion.step_mean", 3),
    }
    rows = [
        [words, *(said(one.figure(name), digits) for one in files)]
        for words, (name, digits) in wanted.items()
    ]
    return [
        "## Motion",
        "",
        "Mean absolute change in 8-bit levels between pictures painted 15 times a second, from real readings of the "
        "streaming encoder: two steady sounds (a chord, pink noise), and voices of unseen speakers.",
        "",
        *table(["change", *_columns(files)], rows, range(1, len(files) + 1)),
        "",
    ]


def _copies(files: list[Metrics]) -> list[str]:
    wanted = {
        "median distance to the nearest training painting (32 x 32, levels)": ("median_levels", 1),
        "the nearest 1 %": ("lowest_percent_levels", 1),
        "share nearer than 12 levels": ("share_below_copy_levels", 4),
        "median cosine distance of deep features": ("median_cosine", 3),
        "the nearest 1 % there": ("lowest_percent_cosine", 3),
    }
    rows = [
        [
            words,
            *(said(one.figure(f"copies.made.{name}"), digits) for one in files),
            said(files[0].figure(f"copies.real_held_out.{name}"), digits),
        ]
        for words, (name, digits) in wanted.items()
    ]
    return [
        "## Copies of training paintings",
        "",
        "A generator that copies would come nearer to training paintings than unseen real ones do. Mirrored copies "
        "count.",
        "",
        *table(["distance", *_columns(files), "real, unseen artists"], rows, range(1, len(files) + 2)),
        "",
    ]
