"""NumPy beside benchmarks/array_functions.cpp: array_functions_peer.py ELEMENTS ROUNDS. Prints "NAME_ms VALUE", best of rounds."""
import math
import sys
import time

import numpy as np


def star(z):
    y = z.copy()
    inner = (slice(1, -1),) * 3
    y[inner] += 0.1 * (z[:-2, 1:-1, 1:-1] + z[2:, 1:-1, 1:-1] + z[1:-1, :-2, 1:-1] + z[1:-1, 2:, 1:-1] +
                       z[1:-1, 1:-1, :-2] + z[1:-1, 1:-1, 2:] - 6 * z[inner])
    return y


def stencil(z):
    for _ in range(4):
        z = star(z)
    return z


def set_to_zero(x, where):
    z = x.copy()
    z[where(z)] = 0
    return z


def functions(elements):
    rng = np.random.default_rng(1)
    side = int(math.sqrt(elements))
    n = side * side
    x, y = rng.random(n), rng.random(n)
    square = x.reshape(side, side)
    part, edges = x[:n // 4], np.arange(0, 1, 0.001)
    numbers, places = rng.integers(0, 1000, n // 4), rng.integers(0, n, n // 16)
    edge = int(np.cbrt(n / 8) + 0.5)
    cube, nine = x[:edge**3].reshape(edge, edge, edge), np.ones(9)
    half = side // 2
    a, row, line = square[:half, :half].copy(), x[:half].copy(), x[:n // 16].copy()
    return {
        "add": lambda: x + y, "expression": lambda: x * 2 + y * y - 1, "sqrt": lambda: np.sqrt(x),
        "exp": lambda: np.exp(x), "sin": lambda: np.sin(x), "where": lambda: np.where(x > 0.5, x, y),
        "clip": lambda: np.clip(x, 0.25, 0.75), "power": lambda: x**2, "astype": lambda: x.astype(np.float32),
        "compare": lambda: x > y,
        "sum": lambda: x.sum(), "mean": lambda: x.mean(), "sum_axis_0": lambda: square.sum(0),
        "sum_axis_1": lambda: square.sum(1), "var": lambda: x.var(), "max": lambda: x.max(),
        "argmin": lambda: x.argmin(), "count_nonzero": lambda: np.count_nonzero(x),
        "cumsum": lambda: np.cumsum(x), "diff": lambda: np.diff(x),
        "mask": lambda: x[x > 0.5], "mask_set": lambda: set_to_zero(x, lambda z: z > 0.5),
        "nonzero": lambda: np.nonzero(x > 0.5)[0], "list": lambda: x[places],
        "slice_set": lambda: set_to_zero(x, lambda z: slice(n // 4, n // 2)),
        "transpose": lambda: square.T.copy(),
        "concatenate": lambda: np.concatenate([x, x])[n // 2:n // 2 + n].copy(),
        "roll": lambda: np.roll(x, 1000), "flip": lambda: x[::-1].copy(),
        "repeat": lambda: np.repeat(x[:n // 2], 2), "tril": lambda: np.tril(square),
        "reshape": lambda: square.reshape(-1).copy(),
        "sort": lambda: np.sort(part), "argsort": lambda: np.argsort(part),
        "unique": lambda: np.unique(numbers, return_counts=True), "topk": lambda: np.partition(part, -10)[-10:],
        "percentile": lambda: np.percentile(part, 90), "median": lambda: np.median(part),
        "searchsorted": lambda: np.searchsorted(edges, part),
        "histogram": lambda: np.histogram(part, 50, (0, 1)), "histogram_range": lambda: np.histogram(part, 50),
        "bincount": lambda: np.bincount(numbers),
        "map_blocks": lambda: x.copy(), "stencil_3d": lambda: stencil(cube), "convolve": lambda: np.convolve(x, nine),
        "gradient": lambda: np.gradient(x),
        "coarsen": lambda: square.reshape(half, 2, half, 2).sum((1, 3)),
        "random": lambda: rng.random((side, side)), "normal": lambda: rng.standard_normal((half, half)),
        "arange": lambda: np.arange(0.0, n),
        "matmul": lambda: a @ a, "matvec": lambda: a @ row, "outer": lambda: np.outer(row, row),
        "fft": lambda: np.fft.fft(line), "fft_rows": lambda: np.fft.fft(a),
    }


def milliseconds(work):
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    for name, work in functions(int(sys.argv[1])).items():
        work()
        print(f"{name}_ms", min(milliseconds(work) for _ in range(int(sys.argv[2]))), flush=True)
