"""`chromesthesia doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import logging
import os
import platform
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import typer
from rich.text import Text

from chromesthesia.cli.console import OUT
from chromesthesia.cli.environment import has_display
from chromesthesia.core.errors import ChromesthesiaError

OSC_PORT = 9000
FREE_WANTED_BYTES = 2 * 1024**3
FFMPEG_WANTED = (61, 7)
"""libavformat of FFmpeg 7.1, the first that can keep a film playable while it is written."""


class Verdict(Enum):
    """OK; a warning, with which the demo still plays; or a failure, with which it does not."""

    OK = ("OK", "green")
    WARNING = ("warning", "yellow")
    FAIL = ("fail", "bold red")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""


def check_python() -> Finding:
    """Interpreter and cores."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("python", Verdict.OK, f"{platform.python_version()}, {cores} cores, {platform.platform()}")


def check_sound_in() -> Finding:
    """Inputs that PortAudio lists. The étude plays without any."""
    from chromesthesia.audio.devices import list_inputs

    try:
        found = list_inputs(refresh=True)
    except ChromesthesiaError as error:
        return Finding("sound in", Verdict.WARNING, error.message, error.remedy)
    if not found:
        return Finding(
            "sound in",
            Verdict.WARNING,
            "no microphone; the bundled étude plays instead",
            "plug one in, see: devices",
        )
    names = [device.label for device in found if device.is_default] or [found[0].label]
    return Finding("sound in", Verdict.OK, f"{len(found)} inputs, default {names[0]}")


def check_gl() -> Finding:
    """An OpenGL context without a window, which every show needs at least."""
    from chromesthesia.display.headless import HeadlessSurface

    try:
        surface = HeadlessSurface(64, 64)
    except ChromesthesiaError as error:
        return Finding("OpenGL", Verdict.FAIL, error.message, error.remedy)
    info = surface.ctx.info
    surface.close()
    renderer = f"{info['GL_RENDERER']}, OpenGL {str(info['GL_VERSION']).split()[0]}"
    if any(word in renderer.lower() for word in ("llvmpipe", "softpipe", "swrast", "swiftshader")):
        return Finding(
            "OpenGL",
            Verdict.WARNING,
            f"{renderer}: in software",
            "fine for 640x360; use a GPU and its driver for more",
        )
    return Finding("OpenGL", Verdict.OK, renderer)


def check_display() -> Finding:
    """A display for the window. Without one a show plays headless."""
    if has_display():
        from chromesthesia.display.window import count_displays

        try:
            count = count_displays()
        except ChromesthesiaError as error:
            return Finding("display", Verdict.WARNING, f"{error.message}: shows play headless", error.remedy)
        return Finding("display", Verdict.OK, f"a window can open on {count} display{'s' * (count != 1)}")
    return Finding(
        "display",
        Verdict.WARNING,
        "none (neither DISPLAY nor WAYLAND_DISPLAY is set): shows play headless",
        "log in on a desktop, or record a film",
    )


def check_runtime() -> Finding:
    """Exactly one build of ONNX Runtime, and what it can run on."""
    from chromesthesia.inference.sessions import available_providers

    try:
        providers = available_providers()
    except ChromesthesiaError as error:
        return Finding("networks", Verdict.FAIL, error.message, error.remedy)
    return Finding("networks", Verdict.OK, f"ONNX Runtime on {', '.join(providers)}")


def check_pack() -> Finding:
    """The default model pack, checked wholly."""
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.packs.find import find_pack

    try:
        pack = load_pack(find_pack())
    except ChromesthesiaError as error:
        return Finding("model pack", Verdict.FAIL, error.message, error.remedy)
    return Finding("model pack", Verdict.OK, f"{pack.name} in {pack.path}")


def check_presets() -> Finding:
    """Presets that load."""
    from chromesthesia.core.paths import resource_dirs
    from chromesthesia.params.presets import find_presets

    library = find_presets(resource_dirs("presets"))
    if library.broken:
        error = library.broken[0]
        return Finding("presets", Verdict.WARNING, error.message, error.remedy)
    if not len(library):
        return Finding(
            "presets", Verdict.WARNING, "none found: the plain look plays", "install the package again"
        )
    return Finding("presets", Verdict.OK, f"{len(library)}: {', '.join(library.names)}")


def check_port(port: int = OSC_PORT) -> Finding:
    """The port that OSC comes in by."""
    from chromesthesia.ports.osc.udp import open_input

    try:
        open_input(port).close()
    except ChromesthesiaError as error:
        return Finding("OSC port", Verdict.WARNING, error.message, error.remedy)
    return Finding("OSC port", Verdict.OK, f"UDP {port} is free")


def check_film() -> Finding:
    """Codecs for films, and a FFmpeg that keeps an unfinished film playable."""
    import av
    import av.codec

    for codec in ("libx264", "aac"):
        try:
            av.codec.Codec(codec, "w")
        except ValueError:
            return Finding(
                "films", Verdict.WARNING, f"no encoder {codec}", "pip install --force-reinstall av"
            )
    version = av.library_versions["libavformat"]
    if version[:2] < FFMPEG_WANTED:
        shown = ".".join(map(str, version))
        return Finding(
            "films", Verdict.WARNING, f"libavformat {shown} is older than 61.7", "pip install --upgrade av"
        )
    return Finding("films", Verdict.OK, f"H.264 and AAC through PyAV {av.__version__}")


def check_disk(folder: Path | None = None) -> Finding:
    """Room for films in `folder`, by default the current one."""
    folder = folder or Path.cwd()
    free_bytes = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        return Finding(
            "disk", Verdict.WARNING, f"{folder} cannot be written", "start from a folder of your own"
        )
    detail = f"{free_bytes / 1024**3:.1f} GiB free in {folder}"
    if free_bytes < FREE_WANTED_BYTES:
        return Finding("disk", Verdict.WARNING, detail, "an hour of film takes about 4 GiB")
    return Finding("disk", Verdict.OK, detail)


CHECKS: tuple[Callable[[], Finding], ...] = (
    check_python,
    check_sound_in,
    check_gl,
    check_display,
    check_runtime,
    check_pack,
    check_presets,
    check_port,
    check_film,
    check_disk,
)


def doctor() -> None:
    """Say what works on this machine: sound, OpenGL, networks, pack, port, films, disk.

    Leaves with 0 when the demo can be played at least headless, else with 1.
    """
    logging.getLogger("chromesthesia").setLevel(logging.ERROR)  # each finding says it already
    findings = []
    for check in CHECKS:
        finding = check()
        findings.append(finding)
        word, style = finding.verdict.value
        line = Text.assemble((f"{word:<8}", style), (f"{finding.subject:<11}", "bold"), finding.detail)
        if finding.remedy:
            line.append(f" → {finding.remedy}", "italic")
        OUT.print(line, soft_wrap=True)
    if any(finding.verdict is Verdict.FAIL for finding in findings):
        raise typer.Exit(1)
