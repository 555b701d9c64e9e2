"""
Layers in training and in prediction by PyTorch in float64. Standard input: cases, each with PyTorch's word for the layer, a function of the number of
features, with what it starts from and the batches of its training, as JSON; standard output, as JSON: losses and gradients of each step, then parameters,
states, and prediction with its gradient to the input.

The network is linear, the layer, linear; of ids it is the layer and one linear. The loss is the mean squared error, the optimizer plain descent.
"""

import json
import sys

import torch

torch.set_default_dtype(torch.float64)


class RMSNorm(torch.nn.Module):
    """As torch.nn.RMSNorm of later versions is; without an epsilon it takes that of float32."""

    def __init__(self, n, eps=2**-23, elementwise_affine=True):
        super().__init__()
        self.eps = eps
        self.weight = torch.nn.Parameter(torch.ones(n)) if elementwise_affine else None

    def forward(self, x):
        y = x / torch.sqrt(torch.mean(x * x, 1, keepdim=True) + self.eps)
        return y if self.weight is None else y * self.weight


class Rows(torch.nn.Module):
    """Whatever a layer makes of a row, side by side."""

    def forward(self, x):
        return x.reshape(len(x), -1)


def write(tensors, values):
    at = 0
    with torch.no_grad():
        for tensor in tensors:
            tensor.copy_(torch.tensor(values[at : at + tensor.numel()]).reshape(tensor.shape))
            at += tensor.numel()
    assert at == len(values), "PyTorch has as many numbers in this layer"


def flat(tensors):
    return [value for tensor in tensors for value in tensor.flatten().tolist()]


def answer(case):
    n, ids = case["width"], case["ids"]
    layer = torch.nn.Sequential(eval(case["torch"])(n), Rows())
    wide = case["wide"]
    first = [] if ids else [torch.nn.Linear(n, n)]
    net = torch.nn.Sequential(*first, layer, torch.nn.Linear(wide, 2))
    parameters = list(net.parameters())
    states = [buffer for buffer in net.buffers() if buffer.is_floating_point()]
    write(parameters, case["parameters"])
    write(states, case["states"])
    inputs = [torch.tensor(x, dtype=torch.int64 if ids else torch.float64).reshape(case["rows"], n) for x in case["x"]]
    target = torch.tensor(case["y"]).reshape(case["rows"], 2)
    mean_squared = torch.nn.MSELoss()
    losses, gradients = [], []
    for x in inputs:
        net.zero_grad()
        loss = mean_squared(net(x), target)
        loss.backward()
        losses.append(loss.item())
        gradients.append(flat(parameter.grad for parameter in parameters))
        with torch.no_grad():
            for parameter in parameters:
                parameter -= case["learningRate"] * parameter.grad
    net.eval()
    x = inputs[0] if ids else inputs[0].clone().requires_grad_()
    prediction = net(x)
    if not ids:
        mean_squared(prediction, target).backward()
    return {
        "losses": losses,
        "gradients": gradients,
        "parameters": flat(parameters),
        "states": flat(states),
        "prediction": flat([prediction]),
        "inputGradient": [] if ids else flat([x.grad]),
    }


json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
