"""Workloads C and M in a process of their own: `fresh.py <library> cold`, or `fresh.py <library> memory <mnist folder>`, which prints MB."""
import re
import sys

from libraries import choose

import numpy as np


def parameters(*sizes):
    count = sum(n * (m + 1) for m, n in zip(sizes, sizes[1:]))
    return np.sin(np.arange(count, dtype=np.float32) ** 2) * np.float32(0.1)


def images(folder, name, rows):
    x = np.fromfile(f"{folder}/{name}-images-idx3-ubyte", dtype=np.uint8, offset=16, count=rows * 784)
    y = np.fromfile(f"{folder}/{name}-labels-idx1-ubyte", dtype=np.uint8, offset=8, count=rows)
    return x.reshape(rows, 784).astype(np.float32) / np.float32(255), y.astype(np.int64)


kind, _ = choose(sys.argv[1])
if sys.argv[2] == "cold":
    kind([4, 16, 3], ["sigmoid", "sigmoid"], parameters(4, 16, 3)).predict(np.zeros((1, 4), dtype=np.float32))
else:
    folder = sys.argv[3]
    net = kind([784, 128, 10], ["relu", "softmax"], parameters(784, 128, 10))
    net.prepare(*images(folder, "train", 8000), {"kind": "adam", "learningRate": 0.001})
    for _ in range(2):
        net.epoch(128)
    x, y = images(folder, "t10k", 2000)
    (net.predict(x).argmax(axis=1) == y).mean()
    # resource usage would count what this process was before it became Python
    with open("/proc/self/status") as status:
        print(int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) / 1024)
