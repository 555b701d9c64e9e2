import torch

from . import load_file as load_arrays
from . import save_file as save_arrays


def save_file(tensors, path):
    save_arrays({name: tensor.numpy() for name, tensor in tensors.items()}, path)


def load_file(path):
    return {name: torch.from_numpy(array) for name, array in load_arrays(path).items()}
