"""Fisher's irises."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from lab.data.dataset import Dataset
from lab.data.datasets.wheel import read_table
from lab.data.source import DataSource


class Iris(DataSource, frozen=True, tag="iris"):
    """150 flowers of three species, four lengths in centimetres each.

    Source: R. A. Fisher, The use of multiple measurements in taxonomic problems, 1936; the copy that ships
    with scikit-learn.
    """

    title: ClassVar[str] = "Iris"
    summary: ClassVar[str] = "150 flowers, four lengths in cm, three species, two of which overlap a little"

    def load(self, seed: int) -> Dataset:
        table = read_table("iris.csv", skip=1)
        return Dataset(
            name=self.title,
            inputs=table[:, :4].astype(np.float32).reshape(-1, 4, 1, 1),
            labels=table[:, 4].astype(np.int64),
            targets=None,
            classes=self.classes(),
            features=("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"),
        )

    def shape(self) -> tuple[int, int, int]:
        return 4, 1, 1

    def classes(self) -> tuple[str, ...]:
        return "setosa", "versicolor", "virginica"
