import pytest


@pytest.mark.parametrize("architecture", ["crnn", "ds_cnn"])
def test_weights_are_integers_and_all_that_goes_in_and_out_is_float(made, architecture):
    found = made(architecture, "dynamic_range").file
    assert (found.dtype, found.inputs[0].dtype, found.outputs[0].dtype) == ("dynamic-range", "float32", "float32")


def test_dense_layers_stay_at_a_version_that_the_older_runtime_has(made):
    versions = {one.name: one.version for one in made("crnn", "dynamic_range").file.operators}
    assert versions["FULLY_CONNECTED"] <= 10


def test_it_is_about_a_quarter_of_the_float_model(made):
    assert made("crnn", "dynamic_range").file.size < 0.3 * made("crnn", "float32").file.size
