import json
import sys

import pytest

from edgesense.errors import ConversionError
from edgesense.optimize import process


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Write a module that handles a request by a body of its own; its name."""

    def write(body):
        (tmp_path / "helping.py").write_text(
            "import json, os, sys\n"
            "from edgesense.errors import ConversionError, SettingsError\n"
            "from edgesense.optimize import process\n"
            "with process.answering() as answer:\n"
            "    request = json.load(sys.stdin)\n" + "".join(f"    {line}\n" for line in body.splitlines())
        )
        monkeypatch.syspath_prepend(tmp_path)
        return "helping"

    return write


def test_an_answer_comes_back_whatever_else_is_printed(module):
    name = module("print('chatter'); os.system('echo more')\njson.dump({'twice': 2 * request['n']}, answer)")
    assert process.run(name, {"n": 21}, "doubling", 60) == {"twice": 42}


@pytest.mark.parametrize("kind", ["ConversionError", "SettingsError"])
def test_a_refusal_comes_back_as_its_own_words(module, kind):
    name = module(f"raise {kind}('there is no such thing')")
    with pytest.raises(ConversionError, match=r"^there is no such thing$"):
        process.run(name, {}, "search", 60)


def test_any_other_error_shows_its_last_words(module):
    name = module("raise ValueError('out of order')")
    with pytest.raises(
        ConversionError, match=r"the search failed with exit status 1; its last words:\n(.*\n)*.*out of order"
    ):
        process.run(name, {}, "search", 60)


def test_the_process_finds_what_this_one_can_import(module):
    name = module("json.dump({'path': sys.path}, answer)")
    assert set(filter(None, sys.path)) <= set(process.run(name, {}, "look", 60)["path"])


def test_answers_are_plain_json(module):
    name = module("json.dump(request, answer)")
    value = {"a": [1, 2.5, None, True], "b": {"c": "d"}}
    assert process.run(name, value, "echo", 60) == json.loads(json.dumps(value))
