"""Sends a picture over NDI through the engine's own sender, receives it again, and prints what came as JSON.

Run by test_stage_programs.py in a process of its own: the NDI library keeps threads for as long as its process lives.
"""

from __future__ import annotations

import json
import os
import threading
import time

import numpy as np
from cyndilib.finder import Finder
from cyndilib.receiver import Receiver
from cyndilib.video_frame import VideoFrameSync
from cyndilib.wrapper.ndi_recv import RecvBandwidth, RecvColorFormat

from chromesthesia.ports.stage.programs import Feed, NdiSender

NAME = f"chromesthesia {os.getpid()}"
PATIENCE_S = 90.0


def main() -> None:
    sender = NdiSender(Feed(NAME, 64, 36, 30.0))
    pixels = np.full((36, 64, 4), (200, 40, 90, 255), np.uint8)
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.02):
            sender.send(pixels)

    sending = threading.Thread(target=send, daemon=True)
    sending.start()
    give_up_s = time.monotonic() + PATIENCE_S
    finder, receiver, frame = (
        Finder(),
        Receiver(color_format=RecvColorFormat.RGBX_RGBA, bandwidth=RecvBandwidth.highest),
        VideoFrameSync(),
    )
    receiver.frame_sync.set_video_frame(frame)
    finder.open()
    told = None
    while told is None and time.monotonic() < give_up_s:
        if receiver.source is None:
            finder.wait_for_sources(0.2)
            finder.update_sources()
            for name in finder.get_source_names():
                if NAME in name:
                    receiver.set_source(finder.get_source(name))
        elif receiver.is_connected():
            receiver.frame_sync.capture_video()
            if min(frame.xres, frame.yres) > 0:
                seen = np.frombuffer(frame, np.uint8).reshape(frame.yres, frame.xres, 4)
                if seen[..., :3].any():
                    told = {
                        "size": [frame.xres, frame.yres],
                        "mean": seen[..., :3].mean(axis=(0, 1)).tolist(),
                    }
        time.sleep(0.02)
    over.set()
    sending.join()
    print(json.dumps(told), flush=True)
    os._exit(0 if told is not None else 1)


if __name__ == "__main__":
    main()
