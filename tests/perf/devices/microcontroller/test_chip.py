from __future__ import annotations

import pytest

from edgesense.perf.devices.microcontroller import chip


def test_both_chips_are_found_with_their_memory() -> None:
    assert {one.said.device: one.core for one in chip.known()} == {"esp32": "lx6", "esp32s3": "lx7"}


@pytest.mark.parametrize("one", chip.known(), ids=lambda one: one.name)
def test_a_program_gets_less_than_all_of_the_memory(one: chip.Chip) -> None:
    assert 256 * 1024 <= one.ram_bytes < 512 * 1024
    assert one.flash_bytes >= 4 * 1024 * 1024
    assert one.clock_hz == (240e6, 240e6, 240e6)
