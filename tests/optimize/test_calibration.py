import numpy as np
import pytest

from edgesense.errors import ConversionError
from edgesense.optimize import calibration

SHAPE = (12, 32)
GOOD = np.random.default_rng(0).normal(size=(4, *SHAPE)).astype(np.float32)


def test_what_fits_the_model_is_taken():
    calibration.check(GOOD, SHAPE)
    calibration.check(GOOD[:1], SHAPE)


@pytest.mark.parametrize(
    "wrong", [GOOD[:, :11], GOOD[:, :, :31], GOOD.transpose(0, 2, 1), GOOD[0], GOOD[..., None], np.float32(1.0)]
)
def test_another_shape_is_refused_with_both(wrong):
    with pytest.raises(ConversionError, match="the model takes") as told:
        calibration.check(np.asarray(wrong), SHAPE)
    assert str(np.shape(wrong)) in str(told.value)
    assert "(clips, 12 frames, 32 columns)" in str(told.value)


@pytest.mark.parametrize("empty", [GOOD[:0], np.zeros(0, np.float32)])
def test_an_empty_set_is_refused(empty):
    with pytest.raises(ConversionError, match="the calibration set is empty: it needs at least one"):
        calibration.check(empty, SHAPE)


@pytest.mark.parametrize("dtype", ["float64", "int16", "int8", "complex64"])
def test_another_dtype_is_refused(dtype):
    with pytest.raises(ConversionError, match=f"must be float32 .* not {dtype}"):
        calibration.check(GOOD.astype(dtype), SHAPE)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_refused_with_its_clip(value):
    broken = GOOD.copy()
    broken[2, 5, 7] = value
    with pytest.raises(ConversionError, match=r"1 of 4 calibration inputs have values that are not finite.* number 2"):
        calibration.check(broken, SHAPE)


@pytest.mark.parametrize("nothing", [None, GOOD[:0]])
def test_a_pass_that_needs_it_says_so(nothing):
    with pytest.raises(ConversionError, match="int4 needs a representative data set"):
        calibration.required(nothing, "int4")


def test_inputs_are_fed_one_by_one_and_as_often_as_asked():
    fed = calibration.feed(GOOD)
    for _ in range(2):
        given = list(fed())
        assert [len(one) for one in given] == [1] * 4
        assert np.array_equal(np.concatenate([one[0] for one in given]), GOOD)
