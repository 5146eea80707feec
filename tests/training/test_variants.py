import pytest

from edgesense import models
from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings
from edgesense.optimize import chains
from edgesense.training import variants


@pytest.mark.parametrize("variant", variants.VARIANTS, ids=lambda one: one.name)
def test_each_variant_can_be_made(variant):
    assert variant.architecture in models.names()
    assert [chains.parse(text) for text in variant.passes]
    assert variant.front_end is None or isinstance(variant.front_end, FeatureSettings)


def test_each_has_a_float_model_that_the_others_are_held_against():
    assert all(one.passes[0] == chains.PLAIN for one in variants.VARIANTS)


def test_a_teacher_stands_before_whom_it_teaches():
    seen = set()
    for one in variants.VARIANTS:
        assert not one.teacher or one.teacher in seen
        seen.add(one.name)


def test_the_features_of_the_guide_are_rows():
    found = {one.name: one.front_end for one in variants.VARIANTS if one.front_end}
    assert found["dscnn-full"].width == 248
    assert found["dscnn-optimized"].width == 124
    assert found["dscnn-fft2048"].n_fft == 2048
    assert found["dscnn-3s"].seconds == 3.0


def test_a_student_has_a_control_that_differs_by_the_teacher_alone():
    known = {one.name: one for one in variants.VARIANTS}
    student, control = known["cnn-distilled"], known["cnn"]
    assert (student.architecture, student.passes, student.features) == (
        control.architecture,
        control.passes,
        control.features,
    )
    assert (student.teacher, control.teacher) == ("crnn", "")


def test_some_are_found_by_name_with_their_teachers_in_the_tables_order():
    assert [one.name for one in variants.find(["cnn-distilled", "dscnn"])] == ["crnn", "dscnn", "cnn-distilled"]
    assert variants.find() == variants.VARIANTS
    with pytest.raises(SettingsError, match="unknown variant 'cnm', known are crnn, dscnn"):
        variants.find(["cnm"])
