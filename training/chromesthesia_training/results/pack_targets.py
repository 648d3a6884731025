"""What the shipped packs are to reach: the default pack's ear in a real room, and the pack of free data."""

from __future__ import annotations

from chromesthesia_training.results.target import AS_FOUND, Target, figure_of, held_against_nothing

ROBUST = "encoders/robust.default"
ROBUST_TARGETS: tuple[Target, ...] = (
    Target(
        "robust.macro_f1",
        "the default pack's encoder on voices in ten scenes, mean; test speakers, without TESS",
        "0.59",
        "0.76",
        lambda book: 0.76,
        "more",
        figure_of("macro_f1_mean", ROBUST),
    ),
    Target(
        "robust.floor_shift",
        "how far pink noise 20 dB below moves the mean probability of angry or sad",
        "0.19",
        "0.04",
        lambda book: 0.04,
        "less",
        figure_of("floor_shift", ROBUST),
    ),
    Target(
        "robust.nonspeech_named",
        "of 21 claps, drums, hum, typing, traffic, birds, animals: named with confidence over 0.3",
        "14",
        "3",
        lambda book: 3.0,
        "less",
        figure_of("nonspeech_named", ROBUST),
    ),
    Target(
        "latency.change_s",
        "seconds until a change of emotion is named, smoothed, median",
        "2.4",
        "1.2",
        lambda book: 1.2,
        "less",
        figure_of("change.median_s", ROBUST),
    ),
    Target(
        "latency.change_p90_s",
        "the same, 90th percentile",
        "6.0",
        "3.0",
        lambda book: 3.0,
        "less",
        figure_of("change.p90_s", ROBUST),
    ),
    Target(
        "latency.change_named",
        "share of the changes that are named at all within 8 s",
        "0.75",
        "0.90",
        lambda book: 0.90,
        "more",
        figure_of("change.share_named", ROBUST),
    ),
    Target(
        "speech.plane",
        "distance between the mean places of angry, happy and sad voices on the plane, mean of the three",
        "0.13",
        "0.8",
        lambda book: 0.8,
        "more",
        figure_of("plane_distance", ROBUST),
    ),
    Target(
        "adaptation.gain",
        "macro-F1 of unseen speakers at five marks of each mood, over none; the default pack, without TESS",
        "0",
        "0.06",
        lambda book: 0.06,
        "more",
        figure_of("gain.5", "encoders/adaptation.default"),
    ),
)
"""The baseline is the pack of 2026.11 as it was first shipped, measured by the same command."""


FREE_GENERATOR = ("generator/free",)
FREE_TARGETS: tuple[Target, ...] = (
    Target(
        "free.encoder.macro_f1",
        "an encoder of free data alone, mean of RAVDESS, nEMO and URDU, all clips, none of which trained; each corpus "
        "one running room",
        "0.56 (YAMNet statistics, logistic regression, standardised within each corpus)",
        "0.66",
        lambda book: 0.66,
        "more",
        figure_of("macro_f1", "encoders/free"),
    ),
    Target(
        "free.gan.valence_control_r",
        "valence asked of the free painter, read by a model fitted on what people said of D-ViSA, which it never saw",
        "none",
        "0.70",
        lambda book: 0.70,
        "more",
        figure_of("valence_control_r", *FREE_GENERATOR),
    ),
    Target(
        "free.gan.recall",
        "recall of the free painter among D-ViSA's paintings, as `gan.recall`",
        "none",
        AS_FOUND,
        held_against_nothing,
        "more",
        figure_of("overlap.fire9_at_224.made.recall", *FREE_GENERATOR),
    ),
    Target(
        "free.gan.kid",
        "kernel distance of the free painter to D-ViSA's paintings, times 1000",
        "none",
        AS_FOUND,
        held_against_nothing,
        "less",
        figure_of("kernel_distance.made", *FREE_GENERATOR),
    ),
)
