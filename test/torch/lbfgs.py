"""
Steps of torch.optim.LBFGS in float64, with its strong-Wolfe line search or without. Standard input: data, parameters at the start and a list of runs, as
JSON; standard output, for each run: the parameters and the loss before each step, and the parameters at the end, with iterations and evaluations.
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
    parameters = [torch.tensor(values, dtype=torch.float64).reshape(shape).requires_grad_() for values, shape in zip(run["values"], run["shapes"])]
    o = run["options"]
    optimizer = torch.optim.LBFGS(
        parameters,
        lr=o["learningRate"],
        max_iter=o["maxIterations"],
        max_eval=o["maxEvaluations"] or None,
        tolerance_grad=o["toleranceGradient"],
        tolerance_change=o["toleranceChange"],
        history_size=o["historySize"],
        line_search_fn="strong_wolfe" if o["lineSearch"] == "strongWolfe" else None,
    )

    def loss():
        optimizer.zero_grad()
        if len(parameters) == 2:
            w, b = parameters
            value = F.cross_entropy(F.linear(x, w, b), y)
        else:
            w, b, v, c = parameters
            value = F.cross_entropy(F.linear(torch.tanh(F.linear(x, w, b)), v, c), y)
        value = value + run["decay"] * sum((p * p).sum() for p in parameters)
        value.backward()
        return value

    flat = lambda: torch.cat([p.detach().flatten() for p in parameters]).tolist()
    path, losses = [], []
    for _ in range(run["steps"]):
        losses.append(float(optimizer.step(loss)))
        path.append(flat())
    state = optimizer.state[parameters[0]]
    return {"path": path, "losses": losses, "iterations": state["n_iter"], "evaluations": state["func_evals"]}


json.dump([train(run) for run in given["runs"]], sys.stdout)
