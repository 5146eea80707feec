from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from edgesense import delegation
from edgesense.delegation import Delegated, Request, parse
from edgesense.errors import SettingsError


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("xnnpack", Request("xnnpack")),
        ("none", Request("none")),
        ("gpu:required", Request("gpu", required=True)),
        ("libfoo.so", Request("libfoo.so")),
        (" ./libfoo.so : a = 1 , b=x=y ", Request("./libfoo.so", (("a", "1"), ("b", "x=y")))),
        ("/opt/libfoo.so.1:cache=/a:x,required", Request("/opt/libfoo.so.1", (("cache", "/a:x"),), required=True)),
        ("nnapi:accelerator=", Request("nnapi", (("accelerator", ""),))),
    ],
)
def test_a_text_names_a_delegate_and_its_options(text, request_):
    assert parse(text) == request_


WORDS = st.text(st.characters(exclude_characters=",=:", exclude_categories=("Z", "C")), min_size=1).filter(
    lambda text: text not in (".", "required") and text == text.strip()
)
OPTIONS = st.dictionaries(WORDS, st.just("") | WORDS).map(lambda found: tuple(found.items()))


@given(st.builds(Request, WORDS.map(lambda name: f"{name}.so"), OPTIONS, required=st.booleans()))
def test_what_is_written_as_text_is_read_as_the_same(request_):
    assert parse(str(request_)) == request_


@given(st.text())
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(SettingsError):
        assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("xnpack", "no delegate 'xnpack': did you mean 'xnnpack'"),
        ("", "no delegate '': there are none, xnnpack, nnapi, gpu"),
        ("libfoo", r"no delegate 'libfoo': .*named by its \.so file"),
        ("libfoo.so:", "has '' for an option: key=value or required is wanted"),
        ("libfoo.so:fast", "has 'fast' for an option"),
        ("libfoo.so:=1", "must be key=value"),
        ("libfoo.so:a=1,a=2", "the delegate's option 'a' is given twice"),
        ("xnnpack:threads=2", "'xnnpack' takes no options but required; its threads are those of the runtime"),
        ("none:required", "the delegate 'none' takes no options"),
    ],
)
def test_a_text_that_cannot_be_meant_is_refused(text, said):
    with pytest.raises(SettingsError, match=said):
        parse(text)


@pytest.mark.parametrize(("key", "value"), [("a,b", "1"), ("a=b", "1"), ("a", "1,2"), (" a", "1"), ("a", "1 ")])
def test_an_option_that_could_not_be_written_as_text_is_refused(key, value):
    with pytest.raises(SettingsError, match="must be key=value without commas"):
        Request("libfoo.so", ((key, value),))


def test_a_name_that_could_not_be_written_as_text_is_refused():
    with pytest.raises(SettingsError, match="has a ':' in its name"):
        Request("/a:b/libfoo.so")
    with pytest.raises(SettingsError, match="has space around its name"):
        Request("libfoo.so ")


@pytest.mark.parametrize("name", ["xnnpack", "none"])
def test_what_the_runtime_has_itself_needs_no_library(name):
    assert Request(name).library is None


def test_a_name_stands_for_the_library_that_is_looked_for():
    assert Request("gpu").library == "libtensorflowlite_gpu_delegate.so"
    assert Request("nnapi").library == "libneuralnetworks.so"
    assert Request("./libfoo.so").library == "./libfoo.so"


def test_a_library_that_is_a_file_is_located_and_others_stay_as_they_are(tmp_path):
    (tmp_path / "libfoo.so").touch()
    (tmp_path / "gpu").touch()
    assert Request("libfoo.so", (("a", "1"),)).located(tmp_path) == Request(str(tmp_path / "libfoo.so"), (("a", "1"),))
    for name in ("libbar.so", "gpu", "xnnpack"):
        assert Request(name).located(tmp_path) == Request(name)


def test_a_library_is_called_by_its_file_alone():
    assert Request("/a/b/libfoo.so").title == "libfoo.so"


TAKEN = Delegated("libfoo.so", requested=True, loaded=True, nodes=3, of=9, partitions=2, options=(("a", "1"),))
ABSENT = Delegated("gpu", requested=True, loaded=False, nodes=0, of=9, reason="not here")
UNASKED = Delegated("xnnpack", requested=False, loaded=True, nodes=6, of=9, partitions=1)


def test_a_record_says_in_words_what_was_taken_or_why_not():
    assert [str(one) for one in (TAKEN, ABSENT, UNASKED)] == [
        "libfoo.so took 3 of 9 nodes in 2 parts",
        "gpu fell back: not here",
        "xnnpack took 6 of 9 nodes",
    ]


def test_only_what_was_asked_for_falls_back():
    assert [one.fell_back for one in (TAKEN, ABSENT, UNASKED, replace(UNASKED, nodes=0))] == [False, True, False, False]


def test_a_subject_tells_its_delegates_all_or_those_asked_for():
    subject = {"delegates": [one.to_dict() for one in (TAKEN, UNASKED)]}
    assert delegation.told(subject) == (str(TAKEN), str(UNASKED))
    assert delegation.told(subject, requested=True) == (str(TAKEN),)
    assert delegation.told({"model": "a factory's"}) == ()


def test_the_module_needs_nothing_but_the_standard_library():
    source = Path(delegation.__file__).read_text()
    assert "numpy" not in source
    assert "edgesense.runtime" not in source
