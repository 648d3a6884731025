"""`chromesthesia run`: a show, from its options to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chromesthesia.cli import options
from chromesthesia.cli.console import say
from chromesthesia.cli.environment import has_display, headless_instead
from chromesthesia.cli.link import show_link
from chromesthesia.cli.options import FilesOption, NetworkOption, PictureOption, SoundOption
from chromesthesia.cli.outcome import tell_outcome
from chromesthesia.cli.streams import never_wait
from chromesthesia.cli.supervised import is_watched, keep_playing, pulse_here, rung_here, wait_until_wanted
from chromesthesia.core.config import OSC_PARTNER, ShowConfig
from chromesthesia.core.errors import WindowError
from chromesthesia.core.heap import keep_heap_small
from chromesthesia.core.room import ROOM_FILE
from chromesthesia.core.rungs import RUNGS, Rung
from chromesthesia.core.wall import Nightly, parse_hours, parse_time
from chromesthesia.supervise.watch import Ceilings

if TYPE_CHECKING:
    from chromesthesia.show.models_ahead import ModelsAhead

RUN_EXAMPLES = """[bold]Examples[/bold]

chromesthesia run --fullscreen --display 1

chromesthesia run --source song.flac --preset Ember --record film.mp4

chromesthesia run --device "USB Audio" --host-api ALSA --hud

chromesthesia run --headless --source demo --duration 20 --report out.json
"""


def run(
    source: Annotated[
        str,
        typer.Option(
            "--source",
            "-s",
            metavar="auto|mic|demo|FILE",
            help="auto: the microphone, else the bundled étude (demo). A FILE may be a sound or a video with sound.",
            rich_help_panel=SoundOption,
        ),
    ] = "auto",
    device: Annotated[
        str | None,
        typer.Option(help="Part of the microphone's name (see: devices).", rich_help_panel=SoundOption),
    ] = None,
    host_api: Annotated[
        str | None,
        typer.Option(help="Part of its host API's name, e.g. ALSA, WASAPI.", rich_help_panel=SoundOption),
    ] = None,
    channels: Annotated[
        str,
        typer.Option(
            metavar="3 | 1,2 | loudest:1,2,3",
            help="Channels of the device or file to hear, from 1; before them mean, loudest or side.",
            rich_help_panel=SoundOption,
        ),
    ] = "",
    musician: Annotated[
        list[str] | None,
        typer.Option(
            "--musician",
            metavar="3 | 1,2 | loudest:1,2",
            help="Channels of one musician, heard by himself beside the room; again for each, up to four.",
            rich_help_panel=SoundOption,
        ),
    ] = None,
    headless: options.Headless = False,
    fullscreen: options.Fullscreen = False,
    display: options.Display = 0,
    outputs: options.OutputsFile = None,
    eye: options.EyeSource = None,
    hud: Annotated[
        bool,
        typer.Option(
            "--hud", metavar="", help="Show level, emotion, fps and latency.", rich_help_panel=PictureOption
        ),
    ] = False,
    preset: options.Preset = None,
    isf: options.Isf = None,
    seed: options.Seed = 1,
    size: options.Size = None,
    fps: options.Fps = None,
    flash_limiter: options.FlashLimiterSwitch = options.FlashLimiter.ON,
    pack: options.Pack = None,
    provider: options.Where = options.Provider.AUTO,
    duration: options.Duration = None,
    record: Annotated[
        Path | None,
        typer.Option(
            "--record", "-r", metavar="FILM.mp4", help="Keep a film with sound.", rich_help_panel=FilesOption
        ),
    ] = None,
    stills: options.Stills = None,
    sheet: options.Sheet = None,
    report: options.Report = None,
    score: Annotated[
        Path | None,
        typer.Option(
            metavar="NIGHT.score",
            help="Log what every frame is made of, never sound: any minute can be painted again (render --score).",
            rich_help_panel=FilesOption,
        ),
    ] = None,
    score_limit: Annotated[
        int,
        typer.Option(
            min=1, metavar="MIB", help="The score ends when it is so large.", rich_help_panel=FilesOption
        ),
    ] = 4096,
    record_osc: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.osc",
            help="Write down what comes over OSC, with its times.",
            rich_help_panel=FilesOption,
        ),
    ] = None,
    osc_replay: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.osc",
            help="Play what such a file tells, in time, as if it came over OSC.",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    cues: Annotated[
        Path | None,
        typer.Option(
            metavar="SHOW.toml",
            help="Play a cue list: looks in an order, by go, by themselves or at a time.",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    osc_in_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="UDP port to listen on; 0: no OSC at all.", rich_help_panel=NetworkOption
        ),
    ] = 9000,
    osc_to: Annotated[
        list[str] | None,
        typer.Option(
            "--osc-to",
            "--osc-out",
            metavar="HOST:PORT",
            help="Where emotion, features and settings go; may be repeated.  [default: 127.0.0.1:9001]",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    query_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help="TCP port of OSCQuery and the web panel; 0: neither.  [default: as --osc-in-port]",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    announce: Annotated[
        bool,
        typer.Option(
            "--announce/--no-announce",
            help="Let partners find the show by mDNS, where it can be reached.",
            rich_help_panel=NetworkOption,
        ),
    ] = True,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="CHROMESTHESIA_TOKEN",
            show_envvar=True,
            help="With --lan: what everybody must know who opens the panel; without it a new one for every show.",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    osc_tcp_port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, help="TCP port for OSC beside UDP; 0: none.", rich_help_panel=NetworkOption
        ),
    ] = 0,
    lan: Annotated[
        bool,
        typer.Option(
            "--lan",
            metavar="",
            help="Listen to the whole network, not only this machine.",
            rich_help_panel=NetworkOption,
        ),
    ] = False,
    osc_allow: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS[/NET]",
            help="With --lan: hear only this sender or network, e.g. 192.168.1.20; may be repeated.",
            rich_help_panel=NetworkOption,
        ),
    ] = None,
    bpm: options.Bpm = None,
    midi_in: options.MidiIn = None,
    midi_map: options.MidiMap = Path("midi.toml"),
    room: options.Room = ROOM_FILE,
    midi_clock_out: options.MidiClockOut = "",
    midi_out: options.MidiOut = "",
    link: options.Link = False,
    ltc: options.Ltc = "",
    ltc_channel: options.LtcChannel = 1,
    dmx: options.Dmx = None,
    rung: options.Rung = Rung.FULL,
    lowest_rung: options.LowestRung = RUNGS[-1],
    ear: options.Ear = None,
    standby: options.Standby = False,
    listen: options.BusListen = None,
    connect: options.BusConnect = None,
    keys: options.Keys = None,
    delay: options.Delay = None,
    supervise: options.Supervise = False,
    spare: options.Spare = True,
    hours: options.Hours = None,
    fade: options.FadeSeconds = 10.0,
    restart_at: options.RestartAt = None,
    silence_look: options.SilenceLook = None,
    silence_after: options.SilenceAfter = 120.0,
    resume: options.Resume = None,
    state: options.StateFolder = None,
    most_memory: options.MostMemory = None,
    most_video_memory: options.MostVideoMemory = None,
    most_handles: options.MostHandles = None,
    most_threads: options.MostThreads = None,
    log_file: options.LogFile = None,
    alert_webhook: options.AlertWebhook = None,
    alert_command: options.AlertCommand = None,
) -> None:
    """Play: listen to the room, or to a file, and paint.

    In the window: N and P (or the arrows) change the preset, space the scene, T taps the tempo, Return begins the next
    cue, F fullscreen, H the HUD, S keeps a still, U takes the last change back, R puts the room back as at the start,
    Esc ends the show. 1, 2 and 3 mark what was just heard as angry, happy or sad, 0 takes the mark back.
    """
    never_wait()
    width, height = options.parse_size(size) if size else (None, None)
    parse_hours(hours or ())
    nightly = None if restart_at is None else Nightly(parse_time(restart_at))
    if nightly is not None and not supervise:
        raise typer.BadParameter("--restart-at needs --supervise")
    if supervise and not is_watched():
        most = Ceilings(most_memory, most_video_memory, most_handles, most_threads)
        raise typer.Exit(keep_playing(state, most, nightly, spare))
    config = ShowConfig(
        source=source,
        device=device,
        host_api=host_api,
        channels=channels,
        musicians=tuple(musician or ()),
        headless=headless,
        fullscreen=fullscreen,
        display=display,
        width=width,
        height=height,
        fps=fps,
        duration_s=duration,
        preset=preset,
        isf=tuple(isf or ()),
        seed=seed,
        pack=pack,
        provider=provider.value,
        record=record,
        stills=stills,
        report=report,
        sheet=sheet,
        osc_in_port=osc_in_port,
        query_port=query_port,
        announce=announce,
        token=token,
        osc_out=tuple(osc_to) if osc_to else OSC_PARTNER,
        osc_tcp_port=osc_tcp_port,
        lan=lan,
        osc_allow=tuple(osc_allow or ()),
        bpm=bpm,
        midi_in=tuple(midi_in or ()),
        midi_map=midi_map,
        room=room,
        midi_clock_out=midi_clock_out,
        midi_out=midi_out,
        link=link,
        ltc=ltc,
        ltc_channel=ltc_channel,
        dmx=dmx,
        ear=ear,
        standby=standby,
        bus_listen=tuple(listen or ()),
        bus_connect=tuple(connect or ()),
        keys=keys,
        delay_s=None if delay is None else delay / 1e3,
        hud=hud,
        flash_limiter=flash_limiter is options.FlashLimiter.ON,
        score=score,
        score_limit_mib=score_limit,
        record_osc=record_osc,
        osc_replay=osc_replay,
        resume=supervise if resume is None else resume,
        state=state,
        hours=tuple(hours or ()),
        fade_s=fade,
        silence_preset=silence_look,
        silence_after_s=silence_after,
        cues=cues,
        outputs=outputs,
        eye=eye,
        rung=rung,
        lowest_rung=lowest_rung,
        log_file=log_file,
        alert_webhook=alert_webhook,
        alert_command=alert_command,
    )
    _have_ready()
    keep_heap_small()
    models = wait_until_wanted(config)
    pulse_here()
    config = replace(config, rung=rung_here(rung))
    if not config.headless and config.outputs is None and not has_display():
        config = _without_window(config)
    try:
        figures = _run_show(config, models)
    except WindowError as error:
        if is_watched():
            raise  # the display may come back: the supervisor tries again
        say(f"The window did not open: {error}", "yellow")
        config = _without_window(config)
        figures = _run_show(config, models)
    tell_outcome(figures, config.record, config.sheet, config.stills, config.report)


def _have_ready() -> None:
    """What every show needs and no option changes, while arrays come and go quickly; a spare engine then has it.

    The writer of TOML, too, 34 ms and 1.2 MiB: asked for first when somebody keeps a preset, it would cost a frame.
    """
    import tomlkit  # noqa: F401

    from chromesthesia.render.brushwork import brushwork

    brushwork()


def _run_show(config: ShowConfig, models: ModelsAhead | None) -> Mapping[str, object]:
    from chromesthesia.show.assembly import open_models
    from chromesthesia.show.live import run_show

    opens = open_models if models is None else models.open
    return run_show(config, tell_link=show_link, pulse=pulse_here(), opens=opens)


def _without_window(config: ShowConfig) -> ShowConfig:
    config, line = headless_instead(config)
    say(line, "cyan")
    return config
