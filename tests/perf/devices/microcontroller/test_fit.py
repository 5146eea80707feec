from __future__ import annotations

from dataclasses import replace

import pytest

from edgesense.perf.devices.microcontroller import chip, fit

ESP32, ESP32S3 = (next(one for one in chip.known() if one.said.device == name) for name in ("esp32", "esp32s3"))
SAID = {"arena": {"total": 100 * 1024}, "features": {"ram_bytes": 50 * 1024}, "scratch": 10 * 1024}


def test_only_a_chip_whose_kernels_ask_for_it_gives_them_memory() -> None:
    assert fit.of(SAID, None, ESP32).ram_bytes == 150 * 1024
    assert fit.of(SAID, None, ESP32S3).ram_bytes == 160 * 1024
    assert "at most 10.0 KiB for the kernels of esp32s3" in fit.of(SAID, None, ESP32S3).told()[0]


@pytest.mark.parametrize(("ram", "flash", "fits"), [(150, 80, True), (149, 80, False), (150, 79, False)])
def test_what_takes_all_there_is_fits_and_a_byte_more_does_not(ram: int, flash: int, *, fits: bool) -> None:
    small = replace(ESP32, ram_bytes=ram * 1024, flash_bytes=flash * 1024)
    found = fit.of(SAID, 80.0 * 1024, small)
    assert bool(found.too_much) is not fits
    assert found.told() == (found.told()[0], *([] if fits else [found.too_much]))


def test_what_does_not_fit_says_by_how_much_and_of_what() -> None:
    small = replace(ESP32, ram_bytes=100 * 1024, flash_bytes=10 * 1024)
    wanted = "it does not fit: 150 KiB of RAM (arena 100 KiB, features 50.0 KiB), esp32 has 100 KiB"
    assert fit.of(SAID, None, small).too_much == wanted
    roomy = replace(small, ram_bytes=10**6)
    assert fit.of(SAID, 20.0 * 1024, roomy).too_much == "it does not fit: 20.0 KiB of flash, esp32 has 10.0 KiB"


def test_flash_that_is_not_known_is_not_told() -> None:
    assert "flash" not in fit.of(SAID, None, ESP32).told()[0]
