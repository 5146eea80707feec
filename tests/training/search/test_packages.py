import sys

import pytest

from edgesense.errors import EdgeSenseError
from edgesense.training.search import packages


def test_the_first_package_is_given():
    import json

    assert packages.need("json", "csv") is json


@pytest.mark.parametrize("name", ["optuna", "plotly", "matplotlib"])
def test_a_missing_package_is_one_error_with_the_command(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(EdgeSenseError, match=rf"needs {name}: pip install 'pytest-edgesense\[search\]'"):
        packages.need(name)
