import subprocess
import sys

from edgesense.training.search.presence import Presence

HOLD = """
import sys
from pathlib import Path
from edgesense.training.search.presence import Presence
with Presence(Path(sys.argv[1])) as here:
    print(here.name, flush=True)
    sys.stdin.read()
"""


def test_a_process_that_lives_is_not_gone_and_one_that_was_killed_is(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process, Presence(tmp_path) as here:
        name = process.stdout.readline().strip()
        assert not here.is_gone(name)
        process.kill()
        process.wait()
        assert here.is_gone(name)


def test_of_a_process_of_another_folder_nothing_is_known(tmp_path):
    with Presence(tmp_path / "here") as here, Presence(tmp_path / "there") as there:
        assert not here.is_gone(there.name)
    assert not here.is_gone("")


def test_nobody_is_gone_to_itself(tmp_path):
    with Presence(tmp_path) as here:
        assert not here.is_gone(here.name)


def test_a_process_that_ends_leaves_nothing(tmp_path):
    with Presence(tmp_path):
        assert list(tmp_path.iterdir())
    assert not list(tmp_path.iterdir())
