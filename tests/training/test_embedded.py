from pathlib import Path

import pytest

from edgesense.errors import ConversionError
from edgesense.runtime import backends
from edgesense.training import embedded
from edgesense.training.answers import Answers
from edgesense.training.sources import SyntheticSource


def agreement(monkeypatch, same, clips=100):
    """What is found when the second runtime answers as the first one on `same` of `clips` clips."""
    first, second = ["normal"] * clips, ["normal"] * same + ["wheeze"] * (clips - same)
    answers = Answers(
        ("normal", "wheeze"), first, {"a": first, "b": second}, {"a": "litert 2.3.0", "b": "tflite 2.14.0"}
    )
    monkeypatch.setattr(backends, "installed", lambda: ("a", "b"))
    monkeypatch.setattr(embedded, "collect_apart", lambda *_: answers)
    return embedded._agreement(Path("models/it"), SyntheticSource("calibration", clips, None))


def test_runtimes_that_agree_are_counted(monkeypatch):
    assert agreement(monkeypatch, 95) == [("litert 2.3.0", 100, 100), ("tflite 2.14.0", 95, 100)]


def test_a_model_that_a_runtime_computes_wrongly_is_refused(monkeypatch):
    with pytest.raises(ConversionError, match=r"gives another label than litert 2\.3\.0 on 6 of 100"):
        agreement(monkeypatch, 94)
