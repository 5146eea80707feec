"""One tree of exceptions: catch `EdgeSenseError` to catch them all."""

from __future__ import annotations


class EdgeSenseError(Exception):
    """Anything EdgeSense refuses or cannot do; its text is written for the user."""


class InvalidInput(EdgeSenseError, ValueError):
    """Something handed to EdgeSense is not usable as it is."""


class AudioError(InvalidInput):
    """Audio that is empty, silent, not finite, or of the wrong rate or shape."""


class SettingsError(InvalidInput):
    """Feature, training or run settings that contradict themselves or are out of range."""


class DatasetError(InvalidInput):
    """A manifest or labelled set that is missing, malformed or empty."""


class ModelError(InvalidInput):
    """A file that is no usable TFLite model."""


class UnsupportedOperator(ModelError):
    """A model that needs an operator version the chosen runtime does not have."""


class DelegateError(ModelError):
    """A delegate that is required and cannot be loaded, or takes nothing of the model."""


class PipelineError(InvalidInput):
    """A pipeline directory, `.tflite` file or factory that cannot be opened."""


class BudgetError(InvalidInput):
    """A marker, option or ini value that is not a usable budget."""


class BaselineError(InvalidInput):
    """A stored baseline that is damaged or cannot be written."""


class SchemaError(BaselineError):
    """A stored file of a schema version this release does not read."""


class ConversionError(EdgeSenseError):
    """A model conversion that failed, timed out or crashed its process."""


class MeasurementError(EdgeSenseError):
    """A measurement could not be made."""


class WorkerFailed(MeasurementError):
    """The measuring process crashed, hung or was killed."""


class DeviceUnavailable(MeasurementError):
    """The device, or a tool it needs, is not here; the text says how to get it."""


class NotMeasured(MeasurementError, KeyError):
    """A value was asked for that this test did not measure."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""
