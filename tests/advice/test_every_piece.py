from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgesense import advice
from edgesense.advice import subject
from edgesense.advice.case import QUICK, Case
from edgesense.advice.records import Advice, Group, Mark, Tick
from edgesense.errors import SettingsError
from edgesense.perf import devices
from edgesense.perf.devices.host import Host
from edgesense.perf.records import Job
from edgesense.runtime.tiny import tiny_model
from edgesense.tiny_pipeline import tiny_pipeline


def case(path: Path) -> Case:
    return Case(subject.read(path), Host(), Job(path.name, path.parent, ()), why_untried=QUICK)


@pytest.mark.parametrize("name", advice.names())
def test_it_conforms_and_says_what_it_looks_at(name: str) -> None:
    piece = advice.get(name)
    assert name == piece.NAME
    assert piece.LOOKS_AT
    assert piece.BOX
    assert isinstance(piece.GROUP, Group)
    assert piece.SECONDS > 0
    assert getattr(piece, "__doc__", "")


@pytest.mark.parametrize("name", advice.names())
def test_it_reads_a_pipeline_and_a_bare_model_without_running_them(name: str, tmp_path: Path) -> None:
    piece = advice.get(name)
    for path in (tiny_pipeline(tmp_path / "whole", trained_on=10), tiny_model(tmp_path / "bare.tflite")):
        here = case(path)
        said = piece.consider(here)
        assert said is None or isinstance(said, Advice)
        assert said is None or (said.todo and not said.tried)
        tick = piece.tick(here, said)
        assert isinstance(tick, Tick)
        assert tick.why


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match="unknown advice 'windw'; did you mean 'window'"):
        advice.get("windw")


@pytest.mark.parametrize("name", ["threads", "delegate"])
def test_a_chip_has_neither_threads_nor_delegates_to_choose(name: str, tmp_path: Path) -> None:
    chip = replace(case(tiny_model(tmp_path / "bare.tflite")), device=devices.find("esp32", devices.every()))
    piece = advice.get(name)
    assert piece.consider(chip) is None
    assert piece.tick(chip, None).mark is Mark.MET
    assert "esp32 runs TFLite Micro" in piece.tick(chip, None).why
