"""Trains a model on rows whose last column is the label, or continues from an earlier version."""

from __future__ import annotations

import csv
import json
import os
import sys
from pathlib import Path

from model import Model

INPUT = Path("/opt/ml/input")
FAILURE = Path("/opt/ml/output/failure")


def train() -> None:
    given: dict[str, str] = json.loads((INPUT / "config/hyperparameters.json").read_text())
    epochs, rate = whole("epochs", given.get("epochs", "3")), float(given.get("rate", "1"))
    rows = [
        [float(value) for value in row]
        for file in sorted(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv"))
        for row in csv.reader(file.read_text().splitlines())
    ]
    features, labels = [row[:-1] for row in rows], [row[-1] for row in rows]
    seen = [index for index in range(len(rows)) if index % 4]
    kept = [index for index in range(len(rows)) if index % 4 == 0]  # to be judged by
    print(f"{len(rows)} rows, {len(kept)} of them kept to judge by")

    earlier = INPUT / "data/before/model.json"
    model = Model.read(earlier) if earlier.exists() else Model.fresh(features)
    print("continues from an earlier version" if earlier.exists() else "starts a new model")
    for epoch in range(epochs):
        loss = model.step([features[i] for i in seen], [labels[i] for i in seen], rate)
        print(f"epoch={epoch} loss={loss:.4f}")
    right = sum((model.probability(features[i]) > 0.5) == bool(labels[i]) for i in kept)
    print(f"accuracy={right / len(kept):.3f}")
    model.write(Path(os.environ["SM_MODEL_DIR"]) / "model.json")


def whole(name: str, text: str) -> int:
    """A hyperparameter, which comes as text."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{name} must be a whole number, not {text!r}") from None


def main() -> int:
    try:
        train()
    except Exception as error:
        FAILURE.write_text(f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
