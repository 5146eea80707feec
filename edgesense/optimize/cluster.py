"""Weight clustering (Han et al., 2016): a layer's weights share few values, which go on learning.

The file stays as large; what is sent over the air becomes smaller, since few values compress.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgesense.errors import SettingsError

EPOCHS = 6
FEWEST, MOST = 2, 256


@dataclass(frozen=True)
class Technique:
    """How many values a layer has; see `edgesense.optimize.FineTuning`.

    Attributes:
        clusters: Different values of each layer's weights. Depthwise kernels and biases keep theirs.
        after: Fine-tunings that came before; zeros of a pruning stay zero.

    Raises:
        SettingsError: Fewer than 2 or more than 256 clusters.
    """

    clusters: int = 32
    after: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not FEWEST <= self.clusters <= MOST:
            raise SettingsError(f"clusters must be from {FEWEST} to {MOST}, not {self.clusters!r}")

    def epochs(self, steps_an_epoch: int) -> int:
        """A few: the values start near the weights."""
        del steps_an_epoch
        return EPOCHS

    def wrap(self, model: Any) -> Any:
        """A model whose layers look their weights up in tables that learn."""
        from tensorflow_model_optimization.python.core.clustering.keras.experimental import cluster

        try:
            return cluster.cluster_weights(
                model,
                number_of_clusters=self.clusters,
                cluster_centroids_init=cluster.CentroidInitialization.KMEANS_PLUS_PLUS,
                preserve_sparsity="prune" in self.after,
            )
        except ValueError as error:
            raise SettingsError(f"this model's weights cannot be clustered: {error}") from error

    def before(self, step: int, model: Any) -> None:
        """Nothing to do."""

    def ready(self, steps: int) -> bool:
        """Always: the weights share their values from the first step on."""
        return steps > 0

    def strip(self, model: Any) -> Any:
        """A plain model whose weights are the tables' values."""
        from tensorflow_model_optimization.python.core.api import clustering

        return clustering.keras.strip_clustering(model)
