"""Choosing a microphone: by name and host API, with the index as a hint and near names in the error."""

from __future__ import annotations

import pytest

from chromesthesia.audio.devices import InputDevice, choose_input
from chromesthesia.core.errors import AudioError

LINUX = (
    InputDevice(0, "HDA Intel PCH: ALC257 Analog (hw:0,0)", "ALSA", 2, 48_000, False),
    InputDevice(4, "Scarlett 2i2 USB: Audio (hw:1,0)", "ALSA", 2, 44_100, False),
    InputDevice(6, "pulse", "ALSA", 32, 44_100, False),
    InputDevice(7, "default", "ALSA", 32, 44_100, True),
    InputDevice(9, "Scarlett 2i2 USB", "JACK Audio Connection Kit", 2, 48_000, False),
)
WINDOWS = (
    InputDevice(1, "Microphone (Realtek(R) Audio)", "MME", 2, 44_100, True),
    InputDevice(5, "Microphone (Realtek(R) Audio)", "Windows DirectSound", 2, 44_100, False),
    InputDevice(9, "Microphone (Realtek(R) Audio)", "Windows WASAPI", 2, 48_000, False),
    InputDevice(12, "Line In 3", "Windows WASAPI", 2, 48_000, False),
)


@pytest.mark.parametrize(
    ("device", "host_api", "index"),
    [
        (None, None, 7),
        ("pulse", None, 6),
        ("PULSE", "alsa", 6),
        ("2i2", "alsa", 4),
        ("2i2", "jack", 9),
        ("scarlett 2i2 usb", None, 9),
        ("4", None, 4),
        (" 6 ", None, 6),
        (None, "jack", 9),
    ],
)
def test_the_device_meant_is_found(device: str | None, host_api: str | None, index: int) -> None:
    assert choose_input(LINUX, device, host_api).index == index


def test_on_windows_the_quick_host_api_is_taken() -> None:
    assert choose_input(WINDOWS, "realtek", None).host_api == "Windows WASAPI"


def test_a_number_in_a_name_goes_before_an_index() -> None:
    devices = (*WINDOWS, InputDevice(3, "Stereo Mix", "Windows WASAPI", 2, 48_000, False))
    assert choose_input(devices, "3", None).name == "Line In 3"


def test_an_unknown_name_lists_the_nearest_first() -> None:
    with pytest.raises(AudioError, match="no microphone is called 'Scarlet 2i4'") as refusal:
        choose_input(LINUX, "Scarlet 2i4", None)
    assert refusal.value.remedy.startswith("nearest: 'Scarlett 2i2 USB'")


def test_an_unknown_host_api_lists_what_there_is() -> None:
    with pytest.raises(AudioError, match=r"no microphone has the host API 'asio' \(there are: ALSA, JACK"):
        choose_input(LINUX, None, "asio")


def test_an_index_that_is_gone_is_an_error() -> None:
    with pytest.raises(AudioError, match="no microphone is called '8'"):
        choose_input(LINUX, "8", None)


def test_no_device_at_all_names_the_ways_out() -> None:
    with pytest.raises(AudioError, match="no microphone was found") as refusal:
        choose_input([], None, None)
    assert "--source demo" in refusal.value.remedy
