"""
Values, gradient, Jacobian and Hessian of networks by PyTorch in float64. Standard input: the networks, and the words of test/vocabulary.ts for
ops, activations and losses, as JSON; standard output: JSON.
"""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)

def forward(network, xs, theta):
    """The output, and the value before its activation."""
    given = iter(xs)
    values = []
    logits = None

    def part(name):
        place = network["parameters"][name]
        shape = place["shape"]
        size = torch.Size(shape).numel()
        return theta[place["offset"] : place["offset"] + size].reshape(shape)

    for i, step in enumerate(network["steps"]):
        inputs = [values[j] for j in step.get("inputs", [])]
        op = step["op"]
        logits = None
        if op == "input":
            value = next(given)
        elif op == "parameter":
            value = part(f"p{i}")
        elif op == "dense":
            first = step.get("again", i)
            layer = network["steps"][first]
            bias = part(f"d{first}.biases") if layer["bias"] else None
            logits = F.linear(inputs[0], part(f"d{first}.weights"), bias)
            value = ACTIVATIONS[layer["activation"]](logits)
        else:
            value = OPS[op](*inputs, *step.get("with", []))
        values.append(value)
    return values[-1], logits


def derivatives(network):
    tensors = [torch.tensor(x).reshape(network["rows"], -1) for x in network["x"]]
    theta = torch.tensor(network["theta"])
    ids = network["ids"]
    target = torch.tensor(network["y"], dtype=torch.int64 if ids else torch.float64)

    def loss(parameters):
        output, logits = forward(network, tensors, parameters)
        z = logits if network["onLogits"] else output
        return LOSSES[network["loss"]](z, target if ids else target.reshape(len(z), -1))

    def row(x, i):
        """The output of row i alone, as a function of the first input."""
        return forward(network, [x, *[other[i : i + 1] for other in tensors[1:]]], theta)[0][0]

    jacobian = [torch.autograd.functional.jacobian(lambda x, i=i: row(x, i), tensors[0][i : i + 1])[:, 0, :] for i in range(network["rows"])]
    return {
        "output": forward(network, tensors, theta)[0].flatten().tolist(),
        "loss": loss(theta).item(),
        "gradient": torch.autograd.functional.jacobian(loss, theta).tolist(),
        "jacobian": torch.stack(jacobian).flatten().tolist(),
        "hessian": torch.autograd.functional.hessian(loss, theta).flatten().tolist(),
    }


given = json.load(sys.stdin)
OPS = {name: eval(function) for name, function in given["ops"].items()}
LOSSES = {name: eval(function) for name, function in given["losses"].items()}
ACTIVATIONS = {name: eval(function) for name, function in given["activations"].items()}
json.dump([derivatives(network) for network in given["networks"]], sys.stdout)
