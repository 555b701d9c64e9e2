"""numpy or PyTorch, whichever is the argument, at what is asked: reads a request a line and answers with a line, both JSON."""
import json
import sys

from libraries import choose

import numpy as np


def floats(path, columns=None):
    values = np.fromfile(path, dtype=np.float32)
    return values if columns is None else values.reshape(-1, columns)


class Server:
    def __init__(self, kind):
        self.kind = kind

    def network(self, request):
        return self.kind(request["sizes"], request["activations"], floats(request["parameters"]))

    def train(self, request):
        features = request["sizes"][0]
        self.net = self.network(request)
        self.batch = request["batch"]
        y = np.fromfile(request["y"], dtype=np.uint8).astype(np.int64)
        self.net.prepare(floats(request["x"], features), y, request["optimizer"])

    def epochs(self, request):
        for _ in range(request["epochs"]):
            self.net.epoch(self.batch)

    def accuracy(self, request):
        u = self.net.predict(floats(request["x"], request["features"]))
        y = np.fromfile(request["y"], dtype=np.uint8)
        decided = u[:, 0] >= 0.5 if u.shape[1] == 1 else u.argmax(axis=1)
        return float((decided == y).mean())

    def predictor(self, request):
        self.net = self.network(request)
        inputs = floats(request["x"], request["sizes"][0])
        self.inputs = [np.ascontiguousarray(x) for x in np.split(inputs, len(inputs) // request["rows"])]

    def predict(self, request):
        for i in range(request["calls"]):
            self.net.predict(self.inputs[i % len(self.inputs)])

    def outputs(self, _):
        return self.net.predict(self.inputs[0]).ravel().tolist()

    def factors(self, request):
        self.a = self.kind.tensor(floats(request["a"], request["n"]))
        self.b = self.kind.tensor(floats(request["b"], request["n"]))

    def multiply(self, request):
        for _ in range(request["turns"]):
            self.kind.product(self.a, self.b)

    def product(self, _):
        return self.kind.array(self.kind.product(self.a, self.b)).ravel().tolist()


kind, version = choose(sys.argv[1])
server = Server(kind)
print(json.dumps(version), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(getattr(server, request["do"])(request)), flush=True)
