"""
Fifty steps of each optimizer by PyTorch in float64, on a network of tanh and softmax under cross-entropy. Standard input: the data, the parameters at
the start, and a list of runs, each with PyTorch's word for an optimizer, its options, and those of each parameter where they differ, as JSON; standard output: the parameters
after each run, as JSON.
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
given = json.load(sys.stdin)
x = torch.tensor(given["x"], dtype=torch.float64).reshape(given["rows"], -1)
y = torch.tensor(given["y"])


def train(run):
    parameters = [torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_() for values, shape in zip(given["values"], given["shapes"])]
    options = run["options"]
    groups = [dict({"params": [parameter]}, **of) for parameter, of in zip(parameters, run["groups"])]
    optimizer = eval(run["torch"])(groups or parameters, options)
    for _ in range(given["steps"]):
        optimizer.zero_grad()
        w, b, v, c = parameters
        F.cross_entropy(F.linear(torch.tanh(F.linear(x, w, b)), v, c), y).backward()
        if "clipValue" in options:
            torch.nn.utils.clip_grad_value_(parameters, options["clipValue"])
        if "clipParameterNorm" in options:
            for parameter in parameters:
                torch.nn.utils.clip_grad_norm_([parameter], options["clipParameterNorm"])
        if "clipNorm" in options:
            torch.nn.utils.clip_grad_norm_(parameters, options["clipNorm"])
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in parameters]).tolist()


json.dump([train(run) for run in given["runs"]], sys.stdout)
