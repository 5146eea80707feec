from __future__ import annotations

import flatbuffers
import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from edgesense.errors import ModelError
from edgesense.runtime.flatbuffer import Bytes


def root_of(content):
    return Bytes(content, len(content), "it").root()


def table(**fields):
    """A root table of an int32 in slot 0, a string in slot 1 and a vector of int32 in slot 3, each where given."""
    builder = flatbuffers.Builder(64)
    text = builder.CreateString(fields.get("text", ""))
    numbers = fields.get("numbers", [])
    builder.StartVector(4, len(numbers), 4)
    for number in reversed(numbers):
        builder.PrependInt32(number)
    vector = builder.EndVector()
    builder.StartObject(4)
    builder.PrependInt32Slot(0, fields.get("integer", 0), 0)
    builder.PrependUOffsetTRelativeSlot(1, text if "text" in fields else 0, 0)
    builder.PrependUOffsetTRelativeSlot(3, vector if "numbers" in fields else 0, 0)
    builder.Finish(builder.EndObject())
    return root_of(bytes(builder.Output()))


@settings(deadline=None)
@given(st.integers(-(2**31), 2**31 - 1), st.text(), st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_it_reads_what_the_flatbuffers_package_wrote(integer, text, numbers):
    read = table(integer=integer, text=text, numbers=numbers)
    assert (read.integer(0, "i"), read.text(1), read.integers(3)) == (integer, text, tuple(numbers))


def test_a_field_left_out_has_its_default():
    read = table(integer=7)
    assert (read.integer(2, "i", 42), read.text(1), read.integers(3), read.table(3)) == (42, "", (), None)


def test_a_slot_behind_the_vtable_has_its_default():
    assert table(integer=7).integer(100, "i", 5) == 5


@pytest.mark.parametrize(("at", "kind"), [(5, "I"), (-1, "B"), (8, "B"), (2**40, "i")])
def test_a_read_outside_the_file_is_refused(at, kind):
    with pytest.raises(ModelError, match="has only 8"):
        Bytes(bytes(8), 8, "it").integer(kind, at)


@pytest.mark.parametrize(("at", "kind"), [(4, "I"), (0, "B"), (7, "B"), (0, "q")])
def test_a_read_up_to_the_end_is_not(at, kind):
    assert Bytes(bytes(8), 8, "it").integer(kind, at) == 0


@settings(deadline=None)
@given(st.binary(max_size=64), st.integers(0, 5))
def test_any_bytes_are_read_or_refused(content, slot):
    try:
        read = root_of(content)
        read.integer(slot, "q")
        read.text(slot)
        read.numbers(slot, "f")
        for entry in read.tables(slot):
            entry.text(slot)
    except ModelError:
        pass
