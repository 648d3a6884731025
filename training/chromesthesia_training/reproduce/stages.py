"""All stages: the only place that knows every area."""

from __future__ import annotations

from chromesthesia_training.align.stages import stages as alignment_stages
from chromesthesia_training.analysis.study import stages as analysis_stages
from chromesthesia_training.cgan.stages import stages as cgan_stages
from chromesthesia_training.corpora.stages import stages as data_stages
from chromesthesia_training.distil.stages import stages as streaming_encoder_stages
from chromesthesia_training.encoder.live_stage import stages as live_encoder_stages
from chromesthesia_training.gan.stages import stages as generator_stages
from chromesthesia_training.gan.train_stage import stages as generator_training_stages
from chromesthesia_training.music.stages import stages as music_stages
from chromesthesia_training.offline.stages import stages as offline_encoder_stages
from chromesthesia_training.results.stages import stages as report_stages
from chromesthesia_training.stage import Stage
from chromesthesia_training.tune.encoders import stages as search_stages
from chromesthesia_training.vae.stages import stages as vae_stages


def all_stages() -> tuple[Stage, ...]:
    """Every stage of the reproduction, unordered."""
    return (
        *data_stages(),
        *offline_encoder_stages(),
        *streaming_encoder_stages(),
        *search_stages(),
        *live_encoder_stages(),
        *alignment_stages(),
        *cgan_stages(),
        *analysis_stages(),
        *generator_training_stages(),
        *generator_stages(),
        *music_stages(),
        *vae_stages(),
        *report_stages(),
    )
