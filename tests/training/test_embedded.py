from pathlib import Path

import pytest

from edgesense.errors import ConversionError
from edgesense.optimize.loading import Loading
from edgesense.runtime import backends
from edgesense.training import embedded
from edgesense.training.answers import Answers
from edgesense.training.sources import SyntheticSource


def agreement(monkeypatch, same, clips=100, runtimes=()):
    """What is found when the second runtime answers as the first one on `same` of `clips` clips."""
    first, second = ["normal"] * clips, ["normal"] * same + ["wheeze"] * (clips - same)
    answers = Answers(
        ("normal", "wheeze"), first, {"a": first, "b": second}, {"a": "litert 2.3.0", "b": "tflite 2.14.0"}
    )
    monkeypatch.setattr(backends, "installed", lambda: ("a", "b"))
    monkeypatch.setattr(embedded, "collect_apart", lambda *_: answers)
    return embedded._agreement(Path("models/it"), SyntheticSource("calibration", clips, None), runtimes)


def test_runtimes_that_agree_are_counted(monkeypatch):
    assert agreement(monkeypatch, 95) == [("litert 2.3.0", 100, 100), ("tflite 2.14.0", 95, 100)]


def test_a_model_that_a_runtime_computes_wrongly_is_refused(monkeypatch):
    with pytest.raises(ConversionError, match=r"gives another label than litert 2\.3\.0 on 6 of 100"):
        agreement(monkeypatch, 94)


def test_a_runtime_that_does_not_load_the_model_is_not_asked(monkeypatch):
    asked = []

    def collect(candidates, *_):
        asked.extend(candidates)
        return Answers(("normal",), ["normal"], {"a": ["normal"]}, {"a": "litert 2.3.0"})

    monkeypatch.setattr(backends, "installed", lambda: ("a", "b"))
    monkeypatch.setattr(embedded, "collect_apart", collect)
    refusing = [Loading("a", "litert 2.3.0", "", tried=True), Loading("b", "tflite 2.14.0", "too old", tried=True)]
    found = embedded._agreement(Path("models/it"), SyntheticSource("calibration", 1, None), refusing)
    assert asked == ["a"]
    assert found == [("litert 2.3.0", 1, 1)]
