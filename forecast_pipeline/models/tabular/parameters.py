"""Settings of the tabular families, under the specification's names."""

from __future__ import annotations

from pydantic import Field

from forecast_pipeline.core.configuration import Configuration


class TabularParameters(Configuration):
    """What all tabular families share.

    Attributes:
        pca_components: Principal components kept of the standardised inputs; 0 keeps the inputs.
        shrinks_mean: Whether the mean is multiplied by its regression slope on validation rows, cut to
            [0, 1]. A mean that does not hold up there is taken back, to zero if need be.
    """

    pca_components: int = Field(default=0, ge=0)
    shrinks_mean: bool = True


class LinearParameters(TabularParameters):
    """Ridge and lasso.

    Attributes:
        alpha: Smallest penalty tried, as scikit-learn defines it, on targets in units of their ex-ante scale.
            By itself, the specification's 0.001 fits noise: its out-of-sample R2 on hourly EURUSD is below -1.
        n_penalties: Penalties tried upwards from ``alpha``, in equal factors over ``penalty_span``; the one
            with the smallest validation error is taken. 1 takes ``alpha`` as it is.
        penalty_span: Largest penalty over the smallest.
    """

    alpha: float = Field(default=0.001, gt=0)
    n_penalties: int = Field(default=10, ge=1, le=100)
    penalty_span: float = Field(default=1e9, ge=1)


class LassoParameters(LinearParameters):
    """Lasso; its penalty is per row, so that 1 already removes every standardised input.

    Attributes:
        penalty_span: Largest penalty over the smallest.
    """

    penalty_span: float = Field(default=1e3, ge=1)


class ElasticNetParameters(LassoParameters):
    """Elastic net.

    Attributes:
        l1_ratio: Share of the absolute penalty; the rest is quadratic.
    """

    l1_ratio: float = Field(default=0.5, ge=0, le=1)


class ForestParameters(TabularParameters):
    """Random forest.

    Attributes:
        n_estimators: Trees.
        max_depth: Depth limit; None grows until leaves are small.
        min_leaf_fraction: Smallest leaf as a share of the training rows. Labels overlap, so
            single rows are near copies of their neighbours.
        max_rows_per_tree: Bootstrap size limit of a tree; more rows cost time and add little.
    """

    n_estimators: int = Field(default=400, ge=1)
    max_depth: int | None = Field(default=None, ge=1)
    min_leaf_fraction: float = Field(default=0.01, gt=0, lt=0.5)
    max_rows_per_tree: int = Field(default=4096, ge=100)
