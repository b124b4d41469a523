"""A logistic regression, on the standard library alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path

Row = Sequence[float]


class Model:
    """Tells how probable it is that a label is 1."""

    def __init__(self, weights: Row, means: Row, spreads: Row) -> None:
        self.weights: list[float] = list(weights)
        self.means: list[float] = list(means)
        self.spreads: list[float] = list(spreads)

    @classmethod
    def fresh(cls, rows: Sequence[Row]) -> Model:
        """A model that knows nothing but the scale of the features."""
        columns = list(zip(*rows, strict=True))
        means = [sum(column) / len(rows) for column in columns]
        spreads = [
            math.sqrt(sum((value - mean) ** 2 for value in column) / len(rows)) or 1.0
            for column, mean in zip(columns, means, strict=True)
        ]
        return cls([0.0] * (len(columns) + 1), means, spreads)

    @classmethod
    def read(cls, file: Path) -> Model:
        return cls(**json.loads(file.read_text()))

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(vars(self)))

    def probability(self, row: Row) -> float:
        return self._of(self._scaled(row))

    def step(self, rows: Sequence[Row], labels: Row, rate: float) -> float:
        """One step downhill over all rows. Gives the mean loss before it."""
        loss, slopes = 0.0, [0.0] * len(self.weights)
        for row, label in zip(rows, labels, strict=True):
            scaled = self._scaled(row)
            guess = self._of(scaled)
            loss -= math.log(max(guess if label else 1 - guess, 1e-12))
            for index, value in enumerate(scaled):
                slopes[index] += (guess - label) * value
        self.weights = [
            weight - rate * slope / len(rows)
            for weight, slope in zip(self.weights, slopes, strict=True)
        ]
        return loss / len(rows)

    def _scaled(self, row: Row) -> list[float]:
        scales = zip(row, self.means, self.spreads, strict=True)
        return [1.0, *((value - mean) / spread for value, mean, spread in scales)]

    def _of(self, scaled: Row) -> float:
        score = sum(w * value for w, value in zip(self.weights, scaled, strict=True))
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
