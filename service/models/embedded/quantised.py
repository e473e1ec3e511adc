"""Vectors at eight bits a number, or at four."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from service.domain import FloatArray

Indices = npt.NDArray[np.int64]

_MIDDLE = 8  # of what four bits hold


@dataclass(frozen=True, slots=True)
class Quantised:
    """Vectors at eight bits: `rows` (n, dim) int8 times `scales` (n,) float32."""

    rows: npt.NDArray[np.int8]
    scales: FloatArray

    def decode(self, at: Indices) -> FloatArray:
        """(m, dim) float32."""
        return self.rows[at].astype(np.float32) * self.scales[at, None]


def quantise(vectors: FloatArray) -> Quantised:
    """Symmetric, one scale a row. vectors: (n, dim) float32."""
    scales = np.abs(vectors).max(axis=1, initial=0.0) / 127
    safe = np.where(scales > 0, scales, 1.0)
    rows = np.rint(vectors / safe[:, None]).astype(np.int8)
    return Quantised(rows, scales.astype(np.float32))


@dataclass(frozen=True, slots=True)
class Packed:
    """Vectors at four bits, two numbers a byte: enough for what only lends a direction."""

    rows: npt.NDArray[np.uint8]  # (n, dim / 2); the first half of a vector in the low bits
    scales: FloatArray  # (n,) float32

    def decode(self, at: Indices) -> FloatArray:
        """(m, dim) float32."""
        found = self.rows[at]
        numbers = np.concatenate([found & 15, found >> 4], axis=1).astype(np.float32)
        return (numbers - _MIDDLE) * self.scales[at, None]


def pack(vectors: FloatArray) -> Packed:
    """Symmetric, one scale a row. vectors: (n, dim) float32, dim even."""
    scales = np.abs(vectors).max(axis=1, initial=0.0) / (_MIDDLE - 1)
    safe = np.where(scales > 0, scales, 1.0)
    numbers = (np.rint(vectors / safe[:, None]) + _MIDDLE).astype(np.uint8)
    low, high = np.split(numbers, 2, axis=1)
    return Packed((low | high << 4).astype(np.uint8), scales.astype(np.float32))
