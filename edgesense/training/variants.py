"""What the table of results compares: trainings, each with the passes that are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edgesense import models
from edgesense.errors import SettingsError
from edgesense.features.settings import FeatureSettings


@dataclass(frozen=True)
class Variant:
    """One training of the table.

    Attributes:
        name: What its pipelines are called before their passes.
        architecture: Name of a module in `edgesense.models`.
        passes: Chains of passes, as `edgesense.optimize.chains.parse` reads them.
        about: What is compared with it, in a few words.
        features: Feature settings that differ from the architecture's own.
        teacher: Name of the variant whose float32 pipeline it learns from; "" for none.
        recording_epochs: Passes over recordings, of which there are fewer than clips of the embedded set.
    """

    name: str
    architecture: str
    passes: tuple[str, ...]
    about: str
    features: Mapping[str, object] = field(default_factory=dict)
    teacher: str = ""
    recording_epochs: int = 60

    @property
    def front_end(self) -> FeatureSettings | None:
        """Its features; None for the architecture's own."""
        if not self.features:
            return None
        return FeatureSettings.from_dict({**models.get(self.architecture).features().to_dict(), **self.features})


ALL_COLUMNS = ["mfcc", "delta", "delta2", "logmel"]
BOTH = ("float32", "int8")

VARIANTS = (
    Variant(
        "crnn",
        "crnn",
        # Its fine-tunings would take two hours more on the folds; they have their rows with the DS-CNN.
        ("float32", "float16", "dynamic_range", "int8", "mixed"),
        "the guide's CRNN, the “before”",
        recording_epochs=18,
    ),
    Variant(
        "dscnn",
        "ds_cnn",
        (
            "float32",
            "float16",
            "dynamic_range",
            "int8",
            "int16x8",
            "mixed",
            "qat",
            "prune+int8",
            "cluster+int8",
            "prune+cluster+qat",
        ),
        "depthwise-separable convolutions",
    ),
    Variant("attention", "attention", BOTH, "gated attention in the place of the LSTM"),
    Variant("cnn", "cnn", BOTH, "the student without a teacher"),
    Variant("cnn-distilled", "cnn", BOTH, "the same student, taught by the CRNN", teacher="crnn"),
    Variant("dscnn-optimized", "ds_cnn", BOTH, "60 MFCC columns beside 64 bands", {"blocks": ALL_COLUMNS}),
    Variant(
        "dscnn-full",
        "ds_cnn",
        BOTH,
        "120 MFCC columns beside 128 bands, 2048-point windows",
        {"blocks": ALL_COLUMNS, "n_fft": 2048, "n_mels": 128, "n_mfcc": 40},
    ),
    Variant("dscnn-fft2048", "ds_cnn", BOTH, "2048-point windows instead of 1024", {"n_fft": 2048}),
    Variant("dscnn-hop320", "ds_cnn", BOTH, "a frame each 20 ms instead of 10", {"hop_length": 320}),
    Variant("dscnn-3s", "ds_cnn", BOTH, "a buffer of 3 s instead of 2", {"seconds": 3.0}),
)
"""In the order of the table; a teacher stands before whom it teaches."""

IMPOSSIBLE = (("crnn", "int16x8"), ("crnn", "qat"), ("attention", "qat"))
"""(Variant, pass) that cannot be made; the table says why, in the words of the refusal."""


def find(names: list[str] | None = None) -> tuple[Variant, ...]:
    """The variants of these names, in the table's order and with their teachers; all without names.

    Raises:
        SettingsError: There is no such variant.
    """
    known = {one.name: one for one in VARIANTS}
    if names is None:
        return VARIANTS
    for name in names:
        if name not in known:
            raise SettingsError(f"unknown variant {name!r}, known are {', '.join(known)}")
    wanted = {*names, *(known[name].teacher for name in names)}
    return tuple(one for one in VARIANTS if one.name in wanted)


def control(taught: Variant) -> Variant | None:
    """The same training without a teacher; None where there is none, or the variant has no teacher itself."""
    if not taught.teacher:
        return None
    wanted = (taught.architecture, taught.features, "")
    return next((one for one in VARIANTS if (one.architecture, one.features, one.teacher) == wanted), None)
