"""
Tables by scikit-learn. Standard input: cases, each with training rows and others of one column of numbers and one of categories, as JSON; standard output:
for each case the encoded others: by mean and by median, standardized and in [0, 1], one-hot with zeros for unknown categories, ordinal with one of their own.
"""

import json
import sys

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler


def numbers(rows):
    return np.array([[row["n"]] for row in rows], dtype=float)


def categories(rows):
    return np.array([[row["c"]] for row in rows], dtype=object)


def encoded(case):
    training, others = case["training"], case["others"]
    # Scikit-learn's scalings leave NaN out.
    by_numbers = [
        make_pipeline(scaler, SimpleImputer(strategy=strategy)).fit(numbers(training)).transform(numbers(others))
        for scaler in (StandardScaler(), MinMaxScaler())
        for strategy in ("mean", "median")
    ]
    count = len({row["c"] for row in training})
    one_hot = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=count)
    by_categories = [e.fit(categories(training)).transform(categories(others)) for e in (one_hot, ordinal)]
    return [part.tolist() for part in by_numbers + by_categories]


json.dump([encoded(case) for case in json.load(sys.stdin)], sys.stdout)
