"""
A stand-in for the package safetensors where it is not installed: a writer from the format's description alone. A file is eight bytes with the length
of the header, the header as JSON, padded with spaces to a multiple of eight, and the elements of the tensors, row by row, little-endian.
"""

import json
import struct

TYPES = {"float32": "F32", "float64": "F64", "int64": "I64"}


def save_file(arrays, path):
    header, data = {}, b""
    for name, array in arrays.items():
        raw = array.tobytes()
        header[name] = {"dtype": TYPES[array.dtype.name], "shape": list(array.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load_file(path):
    import numpy

    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header, data = json.loads(file.read(length)), file.read()
    header.pop("__metadata__", None)
    names = {"F32": numpy.float32, "F64": numpy.float64, "I64": numpy.int64}
    return {
        name: numpy.frombuffer(data[slice(*entry["data_offsets"])], names[entry["dtype"]]).reshape(entry["shape"]).copy() for name, entry in header.items()
    }
