import pytest


@pytest.mark.parametrize("architecture", ["crnn", "ds_cnn"])
def test_weights_are_halves_and_all_that_goes_in_and_out_is_float32(made, architecture):
    found = made(architecture, "float16").file
    assert (found.dtype, found.inputs[0].dtype, found.outputs[0].dtype) == ("float16", "float32", "float32")


def test_it_is_about_half_of_the_float_model(made):
    share = made("crnn", "float16").file.size / made("crnn", "float32").file.size
    assert 0.5 < share < 0.56


def test_answers_are_the_float_models_to_three_digits(made):
    assert made("ds_cnn", "float16").scores() == pytest.approx(made("ds_cnn", "float32").scores(), abs=5e-3)
