"""Settings of the tabular families, under the specification's names."""

from __future__ import annotations

from pydantic import Field

from forecast_pipeline.core.configuration import Configuration


class LinearParameters(Configuration):
    """Ridge and lasso.

    Attributes:
        alpha: Penalty as scikit-learn defines it, on targets in units of their ex-ante
            scale: unscaled returns of 2e-4 would make lasso identically zero.
        pca_components: Principal components kept of the standardised inputs; 0 keeps the inputs.
    """

    alpha: float = Field(default=0.001, gt=0)
    pca_components: int = Field(default=0, ge=0)


class ElasticNetParameters(LinearParameters):
    """Elastic net.

    Attributes:
        l1_ratio: Share of the absolute penalty; the rest is quadratic.
    """

    l1_ratio: float = Field(default=0.5, ge=0, le=1)


class ForestParameters(Configuration):
    """Random forest.

    Attributes:
        n_estimators: Trees.
        max_depth: Depth limit; None grows until leaves are small.
        min_leaf_fraction: Smallest leaf as a share of the training rows. Labels overlap, so
            single rows are near copies of their neighbours.
        max_rows_per_tree: Bootstrap size limit of a tree; more rows cost time and add little.
        pca_components: As for the linear models.
    """

    n_estimators: int = Field(default=400, ge=1)
    max_depth: int | None = Field(default=None, ge=1)
    min_leaf_fraction: float = Field(default=0.01, gt=0, lt=0.5)
    max_rows_per_tree: int = Field(default=8192, ge=100)
    pca_components: int = Field(default=0, ge=0)
