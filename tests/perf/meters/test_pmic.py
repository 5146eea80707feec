from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf.meters import pmic
from edgesense.perf.meters._base import Gauge

Tree = Callable[..., Path]

# As printed in the README of jfikar/RPi5-power.
PRINTED = """\
 3V7_WL_SW_A current(0)=0.00000000A
   3V3_SYS_A current(1)=0.06245952A
   1V8_SYS_A current(2)=0.16102850A
  DDR_VDD2_A current(3)=0.00780744A
  DDR_VDDQ_A current(4)=0.00000000A
   1V1_SYS_A current(5)=0.17566740A
    0V8_SW_A current(6)=0.32791250A
  VDD_CORE_A current(7)=10.87674000A
   3V3_DAC_A current(17)=0.00036630A
   3V3_ADC_A current(18)=0.00042735A
   0V8_AON_A current(16)=0.00579975A
      HDMI_A current(22)=0.01367520A
 3V7_WL_SW_V volt(8)=3.79999600V
   3V3_SYS_V volt(9)=3.30632200V
   1V8_SYS_V volt(10)=1.79828900V
  DDR_VDD2_V volt(11)=1.10292900V
  DDR_VDDQ_V volt(12)=0.60476130V
   1V1_SYS_V volt(13)=1.10439400V
    0V8_SW_V volt(14)=0.80256330V
  VDD_CORE_V volt(15)=0.89745940V
   3V3_DAC_V volt(20)=3.30494200V
   3V3_ADC_V volt(21)=3.30219400V
   0V8_AON_V volt(19)=0.79736190V
      HDMI_V volt(23)=5.07056000V
     EXT5V_V volt(24)=5.06788000V
      BATT_V volt(25)=3.01110800V
"""


@pytest.fixture
def board(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Return a function that makes a Raspberry Pi 5 whose vcgencmd is a script."""

    def make(script: str) -> Path:
        root = tree("proc/device-tree", model="Raspberry Pi 5 Model B Rev 1.0\0")
        program = tmp_path / "bin" / "vcgencmd"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return root

    return make


def test_voltage_and_current_of_each_rail_are_paired_by_name_and_corrected_to_the_board() -> None:
    # 0.0625 x 3.306 + 0.161 x 1.798 + 0.0078 x 1.103 + 0.1757 x 1.104 + 0.3279 x 0.8026 + 10.877 x 0.8975 + ...
    assert pmic.board_watts(PRINTED) == pytest.approx(1.1327 * 10.801 + 0.6444, abs=0.01)


def test_rails_of_which_only_one_is_told_do_not_count() -> None:
    text = (
        " VDD_CORE_A current(7)=1.0A\n VDD_CORE_V volt(15)=0.9V\n EXT5V_V volt(24)=5.1V\n 3V3_SYS_A current(1)=0.1A\n"
    )
    assert pmic.board_watts(text) == pytest.approx(1.1327 * 0.9 + 0.6444)


def test_the_command_is_run_for_each_reading(board: Callable[[str], Path]) -> None:
    meter = pmic.find(board(f"[ \"$1\" = pmic_read_adc ] && cat <<'END'\n{PRINTED}END"))
    assert isinstance(meter, Gauge)
    assert meter.watts() == pytest.approx(pmic.board_watts(PRINTED))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'Can'\"'\"'t open device file: /dev/vcio' >&2; exit 255", "ended with 255: Can't open device file"),
        ("echo 'error=2 error_msg=\"Invalid arguments\"'", "told no rail's current and voltage: 'error=2"),
    ],
)
def test_a_command_that_cannot_tell_says_why(script: str, said: str, board: Callable[[str], Path]) -> None:
    meter = pmic.find(board(script))
    with pytest.raises(NotMeasured, match=said):
        meter.joules()


def test_another_board_is_not_asked(tree: Tree) -> None:
    with pytest.raises(NotMeasured, match=r"this is Raspberry Pi 4 Model B Rev 1\.2, not a Raspberry Pi 5"):
        pmic.find(tree("proc/device-tree", model="Raspberry Pi 4 Model B Rev 1.2\0"))
