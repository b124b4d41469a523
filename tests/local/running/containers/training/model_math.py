"""A logistic regression without any package."""

import math


def probability(weights, row):
    score = weights[0] + sum(weight * value for weight, value in zip(weights[1:], row))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


def step(weights, rows, labels, rate):
    loss = 0.0
    slopes = [0.0] * len(weights)
    for row, label in zip(rows, labels):
        guess = probability(weights, row)
        loss -= math.log(max(guess if label else 1 - guess, 1e-9))
        slopes[0] += guess - label
        for index, value in enumerate(row):
            slopes[index + 1] += (guess - label) * value
    return [w - rate * s / len(rows) for w, s in zip(weights, slopes)], loss / len(rows)
