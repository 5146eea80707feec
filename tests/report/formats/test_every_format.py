"""Every module of the package, walked: nobody has to remember a list."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from edgesense.errors import SettingsError
from edgesense.report import formats
from edgesense.report.records import RunRecord

MODULES = [info.name for info in pkgutil.iter_modules(formats.__path__) if not info.name.startswith("_")]


@pytest.mark.parametrize("name", MODULES)
def test_a_format_says_what_it_is_and_has_a_test(name):
    module = importlib.import_module(f"{formats.__name__}.{name}")
    assert module.__doc__
    assert name.replace("_", "-") == module.NAME
    assert formats.find(module.NAME) is module
    assert module.ABOUT
    assert module.SUFFIX.startswith(".")
    assert (Path(__file__).parent / f"test_{name}_format.py").exists()


@pytest.mark.parametrize("name", MODULES)
def test_a_run_without_budgets_can_be_written_in_every_format(name):
    text = formats.find(name.replace("_", "-")).render(RunRecord(said="0 budgets"), root=Path())
    assert isinstance(text, str)


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(SettingsError, match=r"no format 'jsn': did you mean 'json'\? there are .*json"):
        formats.find("jsn")
