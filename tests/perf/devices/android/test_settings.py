from __future__ import annotations

from typing import Any

import pytest

from edgesense.errors import SettingsError
from edgesense.perf.devices.android import settings

LEAST = {"kind": "adb", "benchmark_model": "tools/benchmark_model"}


def test_a_phone_needs_its_tool_named_and_nothing_else() -> None:
    assert settings.read(LEAST) == settings.Settings("tools/benchmark_model")
    assert settings.read(LEAST).profile == "android"
    assert settings.read(LEAST).runs == 8


def test_everything_that_can_be_said_is_read() -> None:
    more = {"serial": "A", "profile": "mine", "delegate": "gpu:required", "runs": 3, "affinity": "f0", "keep": True}
    expected = settings.Settings("tools/benchmark_model", "A", "mine", "gpu:required", 3, "f0", keep=True)
    assert settings.read(LEAST | more) == expected


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"benchmark_model": None}, "benchmark_model is missing"),
        ({"benchmark_model": ""}, "benchmark_model = '': a text is wanted"),
        ({"serail": "A"}, "unknown key serail: did you mean serial"),
        ({"serial": 5}, "serial = 5: a text is wanted"),
        ({"delegate": "nnapy"}, "there is no delegate 'nnapy': did you mean 'nnapi'"),
        ({"runs": 0}, "runs = 0: a whole number of 1 or more"),
        ({"runs": True}, "runs = True: a whole number"),
        ({"affinity": "f0; reboot"}, "a mask in hexadecimal digits is wanted"),
        ({"keep": "yes"}, "keep = 'yes': true or false is wanted"),
    ],
)
def test_what_cannot_be_meant_is_refused(entry: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings.read(LEAST | entry)
