"""
The learning rates of PyTorch's schedules, step by step. Standard input: epochs, steps of each, and a list of runs, each with PyTorch's word for a schedule,
what it takes a step for, and what it observes, as JSON; standard output: the rates of each run, as JSON.
"""

import json
import sys
import warnings

import torch
import torch.optim.lr_scheduler as S

# No optimizer takes a step here.
warnings.simplefilter("ignore")
given = json.load(sys.stdin)


def rates(run):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = eval(run["torch"])(optimizer)
    found = []
    for epoch in range(given["epochs"]):
        for step in range(given["steps"]):
            found.append(optimizer.param_groups[0]["lr"])
            last = epoch == given["epochs"] - 1 and step == given["steps"] - 1
            if run["each"] == "step" and not last:
                schedule.step()
        if run["each"] == "epoch":
            schedule.step()
        elif run["each"] == "observed epoch":
            schedule.step(run["observed"][epoch])
    return found


json.dump([rates(run) for run in given["runs"]], sys.stdout)
