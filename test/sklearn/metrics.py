"""
The metrics of scikit-learn. Standard input: rows of metrics, each with scikit-learn's word for it, and cases, as JSON; standard output: for each metric
a list of its values, one for each case that it judges, as JSON in which null stands for NaN.
"""

import json
import math
import sys
import warnings

import numpy as np
import sklearn.metrics as m

# 0/0 is defined, and asked for.
warnings.simplefilter("ignore")
given = json.load(sys.stdin)


def floats(values):
    return np.array(values, dtype=float)


class Case:
    def __init__(self, case):
        self.kind = case["kind"]
        self.w = None
        weights = case["weight"]
        # A row of weight 0 is no row.
        kept = [i for i in range(len(case["outputs"])) if weights is None or weights[i] > 0]
        take = lambda rows: [rows[i] for i in kept]
        if weights is not None:
            self.w = floats(take(weights))
        self.u = floats(take(case["outputs"]))
        self.z = floats(take(case["logits"]))
        width = self.u.shape[1]
        if self.kind == "values":
            self.t = floats(take(case["targets"]))
            return
        self.y = np.array(take(case["actual"]))
        self.p = np.array(take(case["predicted"]))
        self.k = list(range(width if self.kind == "labels" else max(2, width)))
        if self.kind == "labels":
            self.seen = self.k
            self.scores = self.z
            return
        self.y, self.p = self.y[:, 0], self.p[:, 0]
        self.seen = [k for k in self.k if k in self.y or k in self.p]
        self.scores = floats([probabilities(row) for row in self.z])

    def each(self, f, scores, skip=True):
        """f of each class or label; NaN, which the mean skips, where it has no rows or all."""
        values = []
        for k in range(scores.shape[1]):
            y = self.y[:, k] if self.kind == "labels" else self.y == (1 if self.kind == "single" else k)
            judged = not skip or (y.any() and not y.all())
            values.append(f(y, scores[:, k], self.w) if judged else math.nan)
        return [values, np.nanmean(values)]


def probabilities(z):
    """Row by row, so that equal rows have equal values."""
    if len(z) == 1:
        return [1 / (1 + math.exp(-z[0]))]
    e = [math.exp(v - max(z)) for v in z]
    return [v / sum(e) for v in e]


def plain(value):
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(v) for v in value]
    return None if math.isnan(value) else float(value)


cases = [Case(case) for case in given["cases"]]
answers = []
for row in given["metrics"]:
    f = eval(row["sklearn"])
    answers.append([plain(f(case)) for case in cases if case.kind in row["judges"]])
json.dump(answers, sys.stdout)
