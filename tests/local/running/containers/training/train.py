import argparse
import csv
import glob
import json
import os

from model_math import probability, step


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--model_dir", default=os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))
    parser.add_argument(
        "--train_dir", default=os.environ.get("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train")
    )
    parser.add_argument(
        "--output_dir", default=os.environ.get("SM_OUTPUT_DIR", "/opt/ml/output/data")
    )
    parser.add_argument("--file_format", default=os.environ.get("FILE_FORMAT", "csv"))
    arguments, _ = parser.parse_known_args()
    return arguments


def read(folder):
    rows, labels = [], []
    for path in sorted(glob.glob(os.path.join(folder, "*.csv"))):
        with open(path) as file:
            for record in csv.reader(file):
                labels.append(int(record[-1]))
                rows.append([float(value) for value in record[:-1]])
    return rows, labels


def main():
    arguments = parse()
    with open("/opt/ml/input/config/hyperparameters.json") as file:
        hyperparameters = json.load(file)
    rows, labels = read(arguments.train_dir)
    print(f"{len(rows)} rows, format {arguments.file_format}")
    weights = [0.0] * (len(rows[0]) + 1)
    earlier = "/opt/ml/input/data/previous/weights.json"
    if os.path.exists(earlier):
        with open(earlier) as file:
            weights = json.load(file)["weights"]
        print("going on from an earlier version")
    for epoch in range(int(hyperparameters.get("epochs", "5"))):
        weights, loss = step(weights, rows, labels, float(hyperparameters.get("rate", "0.5")))
        print(f"epoch={epoch} train_loss={loss:.5f};")
    right = sum(
        (probability(weights, row) > 0.5) == bool(label) for row, label in zip(rows, labels)
    )
    print(f"accuracy={right / len(rows):.4f};")
    with open(os.path.join(arguments.model_dir, "weights.json"), "w") as file:
        json.dump({"weights": weights}, file)
    with open(os.path.join(arguments.output_dir, "report.json"), "w") as file:
        json.dump({"rows": len(rows)}, file)


if __name__ == "__main__":
    main()
