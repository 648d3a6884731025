"""A show with a source of one's own: a tone that rises for a second."""

import time

import numpy as np

from chromesthesia import SAMPLE_RATE_HZ, AudioBlock, Show, ShowConfig


class Rising:
    name, live, overruns, blocks = "a rising tone", False, 0, 100

    def read(self) -> AudioBlock | None:
        entered_s, pitch_hz, self.blocks = time.perf_counter(), 880 - 6 * self.blocks, self.blocks - 1
        time.sleep(0.01)  # ten milliseconds of sound take ten milliseconds
        samples = np.sin(2 * np.pi * pitch_hz * np.arange(SAMPLE_RATE_HZ // 100) / SAMPLE_RATE_HZ)
        return AudioBlock(samples.astype(np.float32), entered_s) if self.blocks >= 0 else None

    def close(self) -> None: ...


print(Show(ShowConfig(headless=True, osc_in_port=0), source=Rising()).run()["source"])
