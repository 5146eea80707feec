"""Features: settings, and the front end that turns a clip into columns for a model."""

from __future__ import annotations

from edgesense.features.front_end import FrontEnd
from edgesense.features.settings import FeatureSettings

__all__ = ["FeatureSettings", "FrontEnd"]
