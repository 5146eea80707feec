from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import pytest

from edgesense.errors import BudgetError
from edgesense.perf import devices, metrics
from edgesense.perf.devices.table import Table
from edgesense.perf.interfaces import Device
from edgesense.perf.records import Known

NAMES = [info.name for info in pkgutil.iter_modules(devices.__path__) if not info.ispkg]
PARTS = ["name", "names", "answers", "implied", "fingerprint", "available", "run"]


@pytest.fixture(params=NAMES)
def module(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{devices.__name__}.{request.param}")


def test_each_module_says_what_it_is_about(module: ModuleType) -> None:
    assert (module.__doc__ or "").strip()


def test_each_module_has_a_test_of_its_own(module: ModuleType) -> None:
    name = module.__name__.rpartition(".")[2]
    assert list(Path(__file__).parent.glob(f"test_{name}*.py"))


@pytest.mark.parametrize("device", devices.every(), ids=lambda device: device.name)
def test_each_device_conforms_and_answers_only_limits_there_are(device: Device) -> None:
    assert all(hasattr(device, part) for part in PARTS)
    assert device.name in device.names
    answers = device.answers()
    assert answers
    for limit, known in answers.items():
        assert metrics.find(limit).name == limit
        assert isinstance(known, Known)
    assert set(device.implied(sorted(answers))) <= set(answers)


@pytest.mark.parametrize("device", devices.every(), ids=lambda device: device.name)
def test_no_clock_of_this_computer_answers_for_a_board(device: Device) -> None:
    times = [known for limit, known in device.answers().items() if metrics.find(limit).unit.base == "s"]
    assert device.name == "host" or Known.MEASURED not in times
    assert Known.STAND_IN not in times


def test_no_word_means_two_devices() -> None:
    words = [word for device in devices.every() for word in device.names]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("word", "name"), [("host", "host"), ("pi", "pi"), ("pi4", "pi"), ("pi5", "pi5"), ("zero2w", "zero2w")]
)
def test_a_device_is_found_by_each_of_its_words(word: str, name: str) -> None:
    assert devices.find(word).name == name


def test_an_unknown_device_is_refused_with_the_nearest_and_the_allowed_words() -> None:
    with pytest.raises(BudgetError, match=r"unknown device 'hots': did you mean host.* allowed: host, pi"):
        devices.find("hots")


def test_a_device_that_a_project_brings_along_is_found_and_wins() -> None:
    own = Table({}, name="host")
    assert devices.find("host", [own]) is own
    assert devices.find("bench", [Table({}, name="bench")]).name == "bench"


@pytest.mark.parametrize("word", ["armv7", "armv7l", "armhf", "raspberry-pi-2", "armv6", "armv6l", "raspberry-pi-zero"])
def test_a_32_bit_board_is_refused_with_the_wheels_that_are_missing(word: str) -> None:
    with pytest.raises(BudgetError, match=rf"there is no device {word}: .*index has no armv[67] wheels of"):
        devices.find(word)


def test_a_devices_profile_is_found_by_its_name_or_is_its_own() -> None:
    shipped = devices.profile(devices.find("pi"))
    assert shipped is not None
    assert shipped.name == "pi4"
    assert devices.profile(devices.find("host")) is None
