"""A reader of safetensors files written from the format's description alone; prints names, shapes and the bits of the elements as JSON.

A file is: eight bytes, the length n of the header, little-endian; n bytes of JSON, which map each tensor's name to its dtype, its shape and the
begin and end of its data, counted from the end of the header; and the data, row by row, little-endian.
"""

import array
import json
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length).decode("utf-8"))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    assert all(isinstance(value, str) for value in metadata.values())
    tensors = {}
    covered = 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        begin, end = entry["data_offsets"]
        count = 1
        for n in entry["shape"]:
            count *= n
        assert entry["dtype"] == "F32" and begin == covered and end - begin == 4 * count
        covered = end
        bits = array.array("I", data[begin:end])
        assert bits.itemsize == 4
        if sys.byteorder == "big":
            bits.byteswap()
        tensors[name] = {"shape": entry["shape"], "bits": bits.tolist()}
    assert covered == len(data)
    return {"tensors": tensors, "metadata": metadata}


if __name__ == "__main__":
    json.dump(read(sys.argv[1]), sys.stdout)
