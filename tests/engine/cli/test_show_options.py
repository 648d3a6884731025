"""What the commands that begin a show, a light or a film pass on, and what they do where there is no display."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.engine.cli.running import FIGURES, run_main

from chromesthesia.cli import play
from chromesthesia.core.config import FilmConfig, LightConfig, ShowConfig
from chromesthesia.core.errors import RenderError, WindowError
from chromesthesia.core.rungs import Rung


def test_run_without_options_is_the_default_show(shows: list[ShowConfig]) -> None:
    assert run_main("run") == 0
    assert shows == [ShowConfig()]


def test_every_part_of_a_show_has_its_option(shows: list[ShowConfig]) -> None:
    wanted = ShowConfig(
        source="song.wav",
        device="USB",
        host_api="ALSA",
        channels="loudest:1,3",
        musicians=("3", "mean:4,5"),
        headless=True,
        fullscreen=True,
        display=2,
        width=320,
        height=200,
        fps=24.0,
        duration_s=2.5,
        preset="Ember",
        seed=9,
        pack=Path("mine"),
        provider="cpu",
        record=Path("a.mp4"),
        stills=Path("stills"),
        report=Path("a.json"),
        sheet=Path("a.png"),
        osc_in_port=9100,
        osc_out=("10.0.0.2:7000", "239.1.1.1:7000"),
        osc_tcp_port=9101,
        lan=True,
        osc_allow=("192.168.1.20", "10.0.0.0/8"),
        query_port=9200,
        token="not-to-be-guessed",
        announce=False,
        bpm=128.0,
        midi_in=("launch", "virtual"),
        midi_map=Path("knobs.toml"),
        midi_clock_out="drum",
        midi_out="launch",
        link=True,
        ltc="Scarlett",
        ltc_channel=2,
        dmx=Path("lamps.toml"),
        hud=True,
        flash_limiter=False,
        score=Path("night.score"),
        score_limit_mib=64,
        record_osc=Path("night.osc"),
        osc_replay=Path("rehearsal.osc"),
        cues=Path("evening.toml"),
        outputs=Path("stage.toml"),
        eye="camera:1",
        room=Path("hall.toml"),
        rung=Rung.SHADERS,
        lowest_rung=Rung.CACHED_LATENTS,
        resume=True,
        state=Path("kept"),
        hours=("10:00-18:00",),
        fade_s=20.0,
        silence_preset="Ink",
        silence_after_s=300.0,
        log_file=Path("night.log"),
        alert_webhook="http://127.0.0.1:9/ill",
        alert_command="true",
        ear="hall",
        standby=True,
        bus_listen=("tls/192.168.1.10:7447",),
        bus_connect=("tls/192.168.1.11:7447", "tls/192.168.1.12:7447"),
        keys=Path("hall-keys"),
        delay_s=0.08,
        isf=(Path("library"), Path("glow.fs")),
    )
    unset = [
        f.name for f in dataclasses.fields(wanted) if getattr(wanted, f.name) == getattr(ShowConfig(), f.name)
    ]
    assert unset == [], "this test must name every field"
    line = (
        "run --isf library --isf glow.fs "
        "--source song.wav --device USB --host-api ALSA --channels loudest:1,3 "
        "--musician 3 --musician mean:4,5 "
        "--headless --fullscreen --display 2 --size 320x200 --room hall.toml "
        "--fps 24 --duration 2.5 --preset Ember --seed 9 --pack mine --provider cpu --record a.mp4 --stills stills "
        "--report a.json --sheet a.png --osc-in-port 9100 --osc-to 10.0.0.2:7000 --osc-out 239.1.1.1:7000 "
        "--osc-tcp-port 9101 --lan "
        "--query-port 9200 --token not-to-be-guessed --no-announce "
        "--osc-allow 192.168.1.20 --osc-allow 10.0.0.0/8 --bpm 128 --midi-in launch --midi-in virtual "
        "--midi-map knobs.toml --midi-clock-out drum --midi-out launch --link --ltc Scarlett "
        "--ltc-channel 2 --dmx lamps.toml --hud --flash-limiter off --score night.score "
        "--score-limit 64 --record-osc night.osc --osc-replay rehearsal.osc "
        "--rung shaders --lowest-rung cached_latents --cues evening.toml --log-file night.log "
        "--outputs stage.toml --eye camera:1 "
        "--alert-webhook http://127.0.0.1:9/ill --alert-command true "
        "--resume --state kept --hours 10:00-18:00 --fade 20 --silence-look Ink --silence-after 300 "
        "--ear hall --standby --bus-listen tls/192.168.1.10:7447 --bus-connect tls/192.168.1.11:7447 "
        "--bus-connect tls/192.168.1.12:7447 --keys hall-keys --delay 80"
    )
    assert run_main(*line.split()) == 0
    assert shows == [wanted]


def test_every_part_of_a_light_has_its_option(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[LightConfig] = []

    def run_light(config: LightConfig) -> dict[str, object]:
        begun.append(config)
        return {"frames": 1, "duration_s": 1.0, "fps": 1.0, "late_frames": 0, "source": "ear: none"}

    monkeypatch.setattr("chromesthesia.show.many.light.run_light", run_light)
    wanted = LightConfig(
        room="hall",
        name="left",
        headless=True,
        fullscreen=True,
        display=2,
        width=320,
        height=200,
        duration_s=2.5,
        pack=Path("mine"),
        provider="cpu",
        crop=(0.0, 0.0, 0.5, 1.0),
        corners=(0.0, 0.1, 1.0, 0.0, 1.0, 1.0, 0.0, 0.9),
        fade=(0.0, 0.0, 0.1, 0.0),
        flash_limiter=False,
        lan=True,
        connect=("tls/192.168.1.10:7447",),
        keys=Path("hall-keys"),
        report=Path("a.json"),
    )
    line = (
        "light hall --name left --headless --fullscreen --display 2 --size 320x200 --duration 2.5 --pack mine "
        "--provider cpu --crop 0,0,0.5,1 --corners 0,0.1,1,0,1,1,0,0.9 --fade 0,0,0.1,0 --flash-limiter off --lan "
        "--bus-connect tls/192.168.1.10:7447 --keys hall-keys --report a.json"
    )
    assert run_main(*line.split()) == 0
    assert begun == [wanted]


@pytest.mark.parametrize("wrong", ["--crop 0,0,1", "--crop a,b,c,d", "--corners 0,0,1,1", "--fade ,"])
def test_numbers_that_are_missing_are_said(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_main("light", "hall", "--headless", *wrong.split()) == 2
    assert "numbers with commas between" in capsys.readouterr().err


def test_a_light_that_would_be_overheard_does_not_begin(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("zenoh")
    line = "light hall --headless --bus-connect tcp/192.168.1.10:7447"
    assert run_main(*line.split()) == 2
    assert "overheard" in capsys.readouterr().err


def test_the_figures_of_a_show_are_told(shows: list[ShowConfig], capsys: pytest.CaptureFixture[str]) -> None:
    run_main("run", "--headless")
    told = capsys.readouterr().out
    assert "600 frames in 20.0 s" in told
    assert "30.0 fps, 2 late" in told
    assert "sound to light 30 ms (p95 42 ms)" in told


def test_no_display_and_no_microphone_leaves_a_film(
    shows: list[ShowConfig], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(play, "has_display", lambda: False)
    monkeypatch.setattr("chromesthesia.cli.environment.headless_instead.__defaults__", (lambda: False,))
    assert run_main("run") == 0
    assert shows == [
        ShowConfig(source="demo", headless=True, record=Path("out/etude.mp4"), sheet=Path("out/etude.png"))
    ]
    assert "out/etude.mp4" in capsys.readouterr().out


def test_a_window_that_does_not_open_is_replaced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[ShowConfig] = []

    def no_window(config: ShowConfig, models: object) -> dict[str, object]:
        begun.append(config)
        if not config.headless:
            raise WindowError("no OpenGL 3.3 on this display", "update the driver")
        return FIGURES

    monkeypatch.setattr(play, "_run_show", no_window)
    monkeypatch.setattr(play, "has_display", lambda: True)
    assert run_main("run", "--source", "demo") == 0
    assert [config.headless for config in begun] == [False, True]
    assert "no OpenGL 3.3 on this display" in capsys.readouterr().out


def test_what_fails_behind_an_open_window_is_not_replaced_by_a_show_that_nobody_sees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[ShowConfig] = []

    def broken(config: ShowConfig, models: object) -> dict[str, object]:
        begun.append(config)
        raise RenderError("shader finish.frag:3: error", "correct the file")

    monkeypatch.setattr(play, "_run_show", broken)
    monkeypatch.setattr(play, "has_display", lambda: True)
    assert run_main("run", "--source", "demo") == RenderError.exit_code
    assert len(begun) == 1


def test_render_passes_everything_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configs: list[FilmConfig] = []

    def fake_render(config: FilmConfig, progress: object) -> dict[str, object]:
        assert callable(progress)
        progress(0.5)
        configs.append(config)
        assert config.film is not None
        config.film.write_bytes(b"film")
        return {"frames": 60, "duration_s": 2.0}

    pytest.importorskip("chromesthesia.show.offline")
    monkeypatch.setattr("chromesthesia.show.offline.render_film", fake_render)
    film = tmp_path / "o.mp4"
    assert (
        run_main(
            "render",
            "in.wav",
            str(film),
            "--preset",
            "X",
            "--seed",
            "4",
            "--size",
            "64x48",
            "--fps",
            "25",
            "--bpm",
            "96",
            "--isf",
            "glow.fs",
        )
        == 0
    )
    isf = (Path("glow.fs"),)
    assert configs == [
        FilmConfig(Path("in.wav"), film, preset="X", seed=4, width=64, height=48, fps=25.0, bpm=96.0, isf=isf)
    ]
    assert str(film) in capsys.readouterr().out
