"""A show with a model of one's own: stripes instead of a network, as many as the sound is aroused."""

import numpy as np

from chromesthesia import Show, ShowConfig


class Stripes:
    noise_size, condition_labels = 3, ("valence", "arousal")

    def paint(self, condition: np.ndarray, noise: np.ndarray) -> np.ndarray:
        valence, arousal = condition
        wave = np.sin(np.linspace(0, 20 + 15 * arousal, 256) + noise[0])[:, None] * np.ones(256)
        picture = np.stack([wave, valence * wave, np.roll(wave, int(20 * noise[1]))], axis=2)
        return np.asarray(127.5 + 127 * np.clip(picture, -1, 1), np.uint8)


config = ShowConfig(source="demo", headless=True, duration_s=1, osc_in_port=0)
print(Show(config, generator=Stripes()).run()["pictures"])
