from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import PipelineError
from edgesense.perf.devices.android import graph


class Workload:
    def __init__(self, *names: str) -> None:
        self.paths = [Path(name) for name in names]
        for path in self.paths:
            path.write_bytes(b"123")

    def artifacts(self) -> list[Path]:
        return self.paths


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_model_is_the_one_file_of_its_kind_and_all_that_ships_is_counted(here: Path) -> None:
    facts = graph.probe(Workload("pipeline.json", "a.tflite"), {})["facts"]
    assert facts["graph"] == str(here / "a.tflite")
    assert sum(entry["bytes"] for entry in facts["artifacts"].values()) == 6


@pytest.mark.parametrize(("names", "said"), [(("a.onnx",), "none"), (("a.tflite", "b.tflite"), "a.tflite, b.tflite")])
def test_without_one_or_with_several_it_is_refused(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(PipelineError, match=f"there are: {said}"):
        graph.probe(Workload(*names), {})
