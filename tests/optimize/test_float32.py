def test_it_takes_and_gives_floats(made):
    found = made("crnn", "float32").file
    assert (found.dtype, found.inputs[0].dtype, found.inputs[0].shape) == ("float32", "float32", (1, 12, 32))
