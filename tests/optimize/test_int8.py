import pytest

from edgesense.errors import ConversionError
from edgesense.optimize import int8


def test_it_takes_and_gives_integers_and_has_no_float_inside(made):
    found = made("crnn", "int8").file
    assert (found.dtype, found.inputs[0].dtype, found.outputs[0].dtype) == ("int8", "int8", "int8")
    # The fused LSTM names the ranges of its gates in tensors that never hold a value.
    floats = [tensor.name for tensor in found.tensors if tensor.dtype.startswith("float")]
    assert [name for name in floats if not name.endswith("_intermediate")] == []


@pytest.mark.parametrize("nothing", [None, []])
def test_without_a_representative_data_set_it_is_refused(nothing):
    with pytest.raises(ConversionError, match="int8 needs a representative data set"):
        int8.convert(None, nothing)
