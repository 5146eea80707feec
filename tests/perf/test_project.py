from __future__ import annotations

from pathlib import Path

import pytest

from edgesense.errors import SettingsError
from edgesense.perf import project

SAYS = """
[tool.edgesense]
ship = ["mypkg"]

[tool.edgesense.devices.lab-pi]
kind = "ssh"

[tool.edgesense.profiles.ours]
cores = 4
"""


def written(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_project_says_what_travels_and_names_devices_and_profiles(tmp_path: Path) -> None:
    found = project.read(written(tmp_path, SAYS))
    assert found.ship == ("mypkg",)
    assert found.devices == {"lab-pi": {"kind": "ssh"}}
    assert found.profiles == {"ours": {"cores": 4}}


@pytest.mark.parametrize("text", [None, "", "[project]\nname = 'x'"])
def test_a_project_may_say_nothing(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        written(tmp_path, text)
    assert project.read(tmp_path) == project.Project(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.edgesense", "pyproject.toml cannot be read: "),
        (
            "[tool.edgesense]\nship = 'mypkg'",
            r"ship = 'mypkg' in \[tool.edgesense\]: a list of packages, modules and folders",
        ),
        ("[tool.edgesense]\ndevices = ['lab-pi']", r"a name: \[tool.edgesense.devices.NAME\]"),
        ("[tool.edgesense.profiles]\nours = 4", r"a name: \[tool.edgesense.profiles.NAME\]"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        project.read(written(tmp_path, text))


def test_a_folder_belongs_to_the_nearest_project_above_it(tmp_path: Path) -> None:
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    assert project.above(below).root == below
    written(tmp_path, SAYS)
    assert project.above(below).root == tmp_path
