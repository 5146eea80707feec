from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.perf.devices.emulation import hot, symbols
from edgesense.perf.devices.emulation.hot import Place

MAPS = """\
400000-500000 r-xp 00000000 fe:00 1 /board/python
5500000000-5500100000 r-xp 00000000 fe:00 2 /board/lib.so
5500100000-5500200000 rw-p 00100000 fe:00 2 /board/lib.so
5600000000-5600001000 rw-p 00000000 00:00 0
5700000000-5700001000 rw-p 00000000 00:00 0 [stack]
"""

TURN = """\
mark 1
400010 7
mark 3
5500000010 30
5500100010 5
5600000000 2
mark 5
5500000010 10
mark 5
5500000018 20
400010 1
"""


@pytest.fixture(autouse=True)
def files(monkeypatch: pytest.MonkeyPatch) -> None:
    moving = symbols.Symbols(moves=True, starts=(0x10,), ends=(0x20,), names=("kernel",))
    fixed = symbols.Symbols(moves=False, starts=(0x400000,), ends=(0x400100,), names=("interpreter",))
    monkeypatch.setattr(symbols, "read", lambda path: fixed if path.name == "python" else moving)
    monkeypatch.setattr(Path, "is_file", lambda _: True)


def test_instructions_are_told_by_stage_and_function_the_most_first() -> None:
    found = hot.places(TURN.splitlines(), ["features", "inference"], hot.mapped(MAPS))
    assert found == [
        Place("end to end", "kernel", "lib.so", 30),
        Place("end to end", "?", "lib.so", 5),
        Place("end to end", "?", "no file", 2),
        Place("features", "kernel", "lib.so", 10),
        Place("inference", "kernel", "lib.so", 20),
        Place("inference", "interpreter", "python", 1),
    ]


def test_only_the_last_turn_counts() -> None:
    twice = TURN.replace("30", "99").splitlines() + TURN.splitlines()
    files = hot.mapped(MAPS)
    assert hot.places(twice, ["features", "inference"], files) == hot.places(
        TURN.splitlines(), ["features", "inference"], files
    )


def test_memory_that_is_no_file_is_left_out_of_the_map() -> None:
    assert [str(one.path) for one in hot.mapped(MAPS)] == ["/board/python", "/board/lib.so", "/board/lib.so"]
    assert {one.base for one in hot.mapped(MAPS)[1:]} == {0x5500000000}


def test_a_name_of_c_stays_as_it_is() -> None:
    assert hot.readable("xnn_f32_gemm") == "xnn_f32_gemm"
