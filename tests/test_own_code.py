import shutil
from pathlib import Path

import pytest

from edgesense import own_code


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The package's own code in another place, where it may be changed."""
    place = tmp_path / "edgesense"
    shutil.copytree(Path(own_code.__file__).parent, place, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(own_code, "__file__", str(place / "own_code.py"))
    own_code.digest.cache_clear()
    yield place
    own_code.digest.cache_clear()


CHANGED = [
    ("features/mel.py", True, True),
    ("synthetic/sounds.py", True, True),
    ("models/attention.py", False, True),
    ("training/fit.py", False, True),
    ("training/results_page.py", False, False),
    ("perf/judge.py", False, False),
]


@pytest.mark.parametrize(("file", "features", "training"), CHANGED, ids=[file for file, *_ in CHANGED])
def test_a_change_of_code_is_another_identity_of_what_it_decides(copied, file, features, training):
    before = [own_code.digest(parts) for parts in (own_code.FEATURES, own_code.TRAINING)]
    own_code.digest.cache_clear()
    with (copied / file).open("a") as code:
        code.write("# changed\n")
    after = [own_code.digest(parts) for parts in (own_code.FEATURES, own_code.TRAINING)]
    assert [one != other for one, other in zip(before, after, strict=True)] == [features, training]


def test_each_part_is_there_and_a_missing_one_is_an_error():
    assert len(own_code.digest(own_code.TRAINING)) == 16
    with pytest.raises(FileNotFoundError):
        own_code.digest(("training/nothing.py",))
