"""numpy and PyTorch at the workloads, with as many threads each as the second argument says, one without it."""
import os
import sys

THREADS = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 1

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import numpy as np


def layers_of(sizes, parameters):
    """W [out, in] and b of each layer: views into the parameters."""
    at = 0
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        w = parameters[at : at + outputs * inputs].reshape(outputs, inputs)
        at += outputs * inputs
        layers.append((w, parameters[at : at + outputs]))
        at += outputs
    return layers


class Numpy:
    """Arrays and OpenBLAS; gradients by hand, updates in place over all parameters as one array."""

    def __init__(self, sizes, activations, parameters):
        self.activations = activations
        self.parameters = parameters.copy()
        self.layers = layers_of(sizes, self.parameters)

    def forward(self, x):
        values = [x]
        for (w, b), activation in zip(self.layers, self.activations):
            z = values[-1] @ w.T
            z += b
            if activation == "relu":
                np.maximum(z, 0, out=z)
            elif activation == "tanh":
                np.tanh(z, out=z)
            elif activation == "sigmoid":
                np.negative(z, out=z)
                np.exp(z, out=z)
                z += 1
                np.reciprocal(z, out=z)
            else:
                z -= z.max(axis=1, keepdims=True)
                np.exp(z, out=z)
                z /= z.sum(axis=1, keepdims=True)
            values.append(z)
        return values

    def predict(self, x):
        return self.forward(x)[-1]

    def prepare(self, x, y, optimizer):
        self.x, self.y, self.optimizer = x, y, optimizer
        self.gradients = np.zeros_like(self.parameters)
        self.shares = layers_of([x.shape[1]] + [w.shape[0] for w, _ in self.layers], self.gradients)
        self.m = np.zeros_like(self.parameters)
        self.v = np.zeros_like(self.parameters)
        self.steps = 0
        self.random = np.random.default_rng(1)

    def epoch(self, batch):
        order = self.random.permutation(len(self.x))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            self.step(self.x[rows], self.y[rows])

    def step(self, x, y):
        values = self.forward(x)
        dz = values[-1]
        if dz.shape[1] == 1:
            dz[:, 0] -= y
        else:
            dz[np.arange(len(y)), y] -= 1
        dz /= np.float32(len(y))
        for l in range(len(self.layers) - 1, -1, -1):
            dw, db = self.shares[l]
            np.matmul(dz.T, values[l], out=dw)
            np.sum(dz, axis=0, out=db)
            if l:
                u = values[l]
                du = dz @ self.layers[l][0]
                du *= u > 0 if self.activations[l - 1] == "relu" else 1 - u * u
                dz = du
        self.update()

    def update(self):
        g = self.gradients
        rate = self.optimizer["learningRate"]
        if self.optimizer["kind"] == "sgd":
            g *= np.float32(rate)
            self.parameters -= g
            return
        self.steps += 1
        root = np.sqrt(1 - 0.999**self.steps)
        self.m *= np.float32(0.9)
        self.m += np.float32(0.1) * g
        self.v *= np.float32(0.999)
        g *= g
        g *= np.float32(0.001)
        self.v += g
        np.sqrt(self.v, out=g)
        g += np.float32(1e-8 * root)
        np.divide(self.m, g, out=g)
        g *= np.float32(rate * root / (1 - 0.9**self.steps))
        self.parameters -= g

    @staticmethod
    def product(a, b):
        return a @ b

    @staticmethod
    def tensor(values):
        return values

    @staticmethod
    def array(values):
        return values


class Torch:
    """Modules, autograd and torch.optim, as a user writes them."""

    def __init__(self, sizes, activations, parameters):
        modules = []
        known = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "sigmoid": torch.nn.Sigmoid}
        for (w, b), activation in zip(layers_of(sizes, parameters), activations):
            linear = torch.nn.Linear(w.shape[1], w.shape[0])
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w.copy()))
                linear.bias.copy_(torch.from_numpy(b.copy()))
            modules += [linear, known[activation]() if activation in known else torch.nn.Softmax(dim=1)]
        self.logits = torch.nn.Sequential(*modules[:-1])
        self.outputs = torch.nn.Sequential(*modules)
        self.binary = sizes[-1] == 1

    def predict(self, x):
        with torch.inference_mode():
            return self.outputs(torch.from_numpy(x)).numpy()

    def prepare(self, x, y, optimizer):
        self.x = torch.from_numpy(x)
        self.y = torch.from_numpy(y).float().unsqueeze(1) if self.binary else torch.from_numpy(y)
        make = torch.optim.Adam if optimizer["kind"] == "adam" else torch.optim.SGD
        self.optimizer = make(self.outputs.parameters(), lr=optimizer["learningRate"])
        self.loss = torch.nn.BCEWithLogitsLoss() if self.binary else torch.nn.CrossEntropyLoss()

    def epoch(self, batch):
        order = torch.randperm(len(self.x))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            self.optimizer.zero_grad(set_to_none=True)
            self.loss(self.logits(self.x[rows]), self.y[rows]).backward()
            self.optimizer.step()

    @staticmethod
    def product(a, b):
        return torch.mm(a, b)

    @staticmethod
    def tensor(values):
        return torch.from_numpy(values)

    @staticmethod
    def array(values):
        return values.numpy()


def choose(name):
    """The library of a name; PyTorch is loaded only when it is asked for."""
    if name != "pytorch":
        return Numpy, np.__version__
    global torch
    import torch

    torch.set_num_threads(THREADS)
    return Torch, torch.__version__
