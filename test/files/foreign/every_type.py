"""
Writes every_type.safetensors beside it with the safetensors package of Python (0.8.0): every type that JavaScript can hold, with the values where types
go wrong. Needs the packages safetensors and ml_dtypes (for bfloat16): python every_type.py
"""

from pathlib import Path

import ml_dtypes
import numpy as np
from safetensors.numpy import save_file


# Zeros, denormals, the least and largest normal numbers, infinities, and NaN with payloads.
HALVES = [0, 1, 2, 3, 0x3FF, 0x400, 0x3C00, 0x3C01, 0x7BFF, 0x7C00, 0x7C01, 0x7E00, 0x7F7F, 0x7F80, 0x7F81, 0x7FFF]
halves = np.array(HALVES + [half | 0x8000 for half in HALVES], dtype=np.uint16)

tensors = {
    "bool": np.array([[True, False], [False, True]]),
    "i8": np.array([-128, -1, 0, 127], dtype=np.int8),
    "u8": np.array([0, 1, 255], dtype=np.uint8),
    "i16": np.array([-(2**15), 2**15 - 1], dtype=np.int16),
    "u16": np.array([0, 2**16 - 1], dtype=np.uint16),
    "i32": np.array([-(2**31), 2**31 - 1], dtype=np.int32),
    "u32": np.array([0, 2**32 - 1], dtype=np.uint32),
    "i64": np.array([-(2**63), -1, 2**63 - 1], dtype=np.int64),
    "u64": np.array([0, 2**64 - 1], dtype=np.uint64),
    "f16": halves.view(np.float16).reshape(2, 16),
    "bf16": halves.view(ml_dtypes.bfloat16),
    "f32": np.array([0, 0x80000000, 1, 0x7F800000, 0x7FC00001, 0xFF800001, 0x3F800000], dtype=np.uint32).view(np.float32),
    "f64": np.array([0.1, -0.0, 5e-324, np.inf, 1.7976931348623157e308]),
    "scalar": np.array(3.5, dtype=np.float32),
    "none": np.zeros((3, 0), dtype=np.float32),
    "a": np.arange(6, dtype=np.float32).reshape(2, 3),
}
save_file(tensors, Path(__file__).with_name("every_type.safetensors"), {"format": "np"})
