"""
Losses of rows of outputs by PyTorch in float64, with weights and in both reductions. Standard input: cases, each with PyTorch's word for the loss,
outputs, targets, weights of rows or elements, the reduction and what a mean divides by besides the rows, as JSON; standard output: the loss and its
gradient to the outputs, as JSON.

A weighted loss is defined by the unweighted one: of each row, or of each element, by itself, times its weight. A mean divides by the rows.
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def answer(case):
    word = eval(case["torch"])
    rows = case["rows"]
    outputs = torch.tensor(case["outputs"], dtype=torch.float64).reshape(rows, -1).requires_grad_()
    ids = case["ids"]
    targets = torch.tensor(case["targets"], dtype=torch.int64 if ids else torch.float64)
    if not ids:
        targets = targets.reshape(rows, -1)
    z = F.softplus(outputs) if case["output"] == "softplus" else outputs
    weights = torch.tensor(case["weights"], dtype=torch.float64).reshape(rows, -1)
    total = torch.zeros(())
    for i in range(rows):
        if weights.shape[1] == 1:
            # Of a row, what the reduction leaves is a mean over the elements.
            total = total + weights[i, 0] * word(z[i : i + 1], targets[i : i + 1]) * case["divisor"]
        else:
            for k in range(weights.shape[1]):
                total = total + weights[i, k] * word(z[i : i + 1, k : k + 1], targets[i : i + 1, k : k + 1])
    if case["reduction"] == "mean":
        total = total / (rows * case["divisor"])
    total.backward()
    return {"loss": total.item(), "gradient": outputs.grad.flatten().tolist()}


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
