from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edgesense.errors import NotMeasured
from edgesense.perf.meters import powercap

Tree = Callable[..., Path]
ZONE = "sys/class/powercap/intel-rapl:0"
RANGE = 262_143_328_850


def package(tree: Tree, number: int, used: int) -> Path:
    folder = f"sys/class/powercap/intel-rapl:{number}"
    return tree(folder, name=f"package-{number}", energy_uj=used, max_energy_range_uj=RANGE)


def test_what_was_used_since_the_first_question_is_told_in_joules(tree: Tree) -> None:
    meter = powercap.find(package(tree, 0, 5_000_000))
    assert meter.joules() == 0
    package(tree, 0, 7_500_000)
    assert meter.joules() == pytest.approx(2.5)
    assert meter.name == "RAPL package-0"


def test_a_counter_that_began_again_goes_on(tree: Tree) -> None:
    meter = powercap.find(package(tree, 0, RANGE - 1_000_000))
    meter.joules()
    package(tree, 0, 3_000_000)
    assert meter.joules() == pytest.approx(4.0)
    package(tree, 0, 3_500_000)
    assert meter.joules() == pytest.approx(4.5)


def test_several_packages_are_added_up_and_zones_within_one_are_not(tree: Tree) -> None:
    root = package(tree, 0, 0)
    package(tree, 1, 0)
    tree("sys/class/powercap/intel-rapl:0:0", name="core", energy_uj=0, max_energy_range_uj=RANGE)
    meter = powercap.find(root)
    meter.joules()
    package(tree, 0, 1_000_000)
    package(tree, 1, 2_000_000)
    tree("sys/class/powercap/intel-rapl:0:0", energy_uj=900_000)
    assert meter.joules() == pytest.approx(3.0)
    assert meter.name == "RAPL package-0, package-1"


def test_a_counter_that_only_root_may_read_says_the_command(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    meter = powercap.find(package(tree, 0, 0))
    reading = Path.read_text

    def refuse(path: Path, *rest: object, **more: object) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return reading(path, *rest, **more)  # type: ignore[arg-type]  # any field

    # Tests may run as root, whom no file refuses.
    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(NotMeasured, match=r"may be read by root alone: sudo chmod a\+r .*intel-rapl:0/energy_uj"):
        meter.joules()


def test_without_rapl_the_reason_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotMeasured, match="no RAPL: there is no package under"):
        powercap.find(tmp_path)
