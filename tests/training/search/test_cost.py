import pytest

from edgesense.errors import BudgetError, DeviceUnavailable, NotMeasured, SettingsError
from edgesense.perf import devices
from edgesense.perf.devices.table import Table
from edgesense.perf.records import Known, Reading
from edgesense.runtime import macs
from edgesense.testing import tiny_pipeline
from edgesense.training.search import cost

BOARD = Table(
    {"instructions_m": Reading(12e6, 12e6, 12e6, Known.COUNTED)},
    name="board",
    where={"board": "b", "sysroot": "s", "cpu": "another"},
)


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGESENSE_CACHE", str(tmp_path / "cache"))


def test_a_board_counts_a_pipeline(tmp_path):
    path = tiny_pipeline(tmp_path / "it")
    assert cost.OnBoard(BOARD).of(path) == 12e6
    assert cost.OnBoard(BOARD).cost.unit == "instructions"


def test_what_counts_depend_on_is_their_identity_and_nothing_else():
    assert cost.OnBoard(BOARD).identity() == {"device": "board", "unit": "instructions", "board": "b", "sysroot": "s"}


def test_a_board_that_cannot_count_says_so(tmp_path):
    with pytest.raises(NotMeasured, match="board could not count it"):
        cost.OnBoard(Table({}, name="board")).of(tiny_pipeline(tmp_path / "it"))


def test_the_estimate_is_of_the_model_and_is_called_one(tmp_path):
    path = tiny_pipeline(tmp_path / "it")
    assert cost.Estimate().of(path) == macs.count(path / "model.tflite") > 0
    assert "estimate" in cost.Estimate().cost.about
    assert cost.Estimate().identity() != cost.OnBoard(BOARD).identity()


def test_macs_is_the_estimate():
    assert cost.find("macs") == cost.Estimate()


def test_a_device_that_counts_nothing_is_refused_with_those_that_do():
    with pytest.raises(SettingsError, match=r"host counts no instructions; cost can be pi, .*macs"):
        cost.find("host")


def test_an_unknown_device_is_refused():
    with pytest.raises(BudgetError, match="unknown device 'pj'"):
        cost.find("pj")


def test_a_board_that_is_not_set_up_names_the_command_and_the_estimate(monkeypatch):
    monkeypatch.setattr(type(devices.find("pi")), "available", lambda self: "edgesense devices setup pi")
    with pytest.raises(DeviceUnavailable, match="run `edgesense devices setup pi`, or search with --cost macs"):
        cost.find("pi")
