"""NumPy or Dask beside benchmarks/array_functions.cpp: array_functions_peer.py ELEMENTS ROUNDS [dask]. Prints
"NAME_ms VALUE", best of rounds. Dask has two threads and 16 chunks, the results stay in its chunks."""
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
    return math_functions(np, x, y) | {
        "expression": lambda: x * 2 + y * y - 1, "where": lambda: np.where(x > 0.5, x, y),
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


# Those whose names are NumPy's, of x or of x and y.
ONE = {"exp": "exp", "sin": "sin", "sqrt": "sqrt", "exp2": "exp2", "expm1": "expm1", "log": "log", "log2": "log2",
       "log10": "log10", "log1p": "log1p", "cbrt": "cbrt", "cos": "cos", "tan": "tan", "asin": "arcsin",
       "acos": "arccos", "atan": "arctan", "sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "asinh": "arcsinh",
       "atanh": "arctanh", "reciprocal": "reciprocal", "floor": "floor"}
TWO = {"atan2": "arctan2", "hypot": "hypot", "logaddexp": "logaddexp", "divide": "divide", "maximum": "maximum",
       "copysign": "copysign", "add": "add"}


def math_functions(library, x, y):
    of_one = {name: lambda f=getattr(library, theirs): f(x) for name, theirs in ONE.items()}
    of_two = {name: lambda f=getattr(library, theirs): f(x, y) for name, theirs in TWO.items()}
    return of_one | of_two | {
        "acosh": lambda: library.arccosh(x + 1), "abs": lambda: abs(x - 0.5), "round": lambda: library.round(x, 2),
        "pow": lambda: x**1.7, "mod": lambda: y % x, "floor_divide": lambda: y // x}


def dask_functions(elements):
    """What Dask has; each returns an array that is to be computed. A list of indices in no order is not among
    them: Dask makes a chunk of nearly each."""
    import dask.array as da
    rng = np.random.default_rng(1)
    side = int(math.sqrt(elements))
    n = side * side
    there = lambda a, parts=16: da.from_array(a, chunks=(-(-a.shape[0] // parts),) + a.shape[1:]).persist()
    whole, other = rng.random(n), rng.random(n)
    x, y, square = there(whole), there(other), there(whole.reshape(side, side))
    part, numbers = there(whole[:n // 4]), there(rng.integers(0, 1000, n // 4))
    edges = da.from_array(np.arange(0, 1, 0.001))
    half = side // 2
    a, row = there(whole.reshape(side, side)[:half, :half].copy(), 4), there(whole[:half].copy(), 1)
    random = da.random.RandomState(1)
    return math_functions(da, x, y) | {
        "expression": lambda: x * 2 + y * y - 1, "where": lambda: da.where(x > 0.5, x, y),
        "clip": lambda: da.clip(x, 0.25, 0.75), "power": lambda: x**2, "astype": lambda: x.astype(np.float32),
        "compare": lambda: x > y, "sum": lambda: x.sum(), "mean": lambda: x.mean(),
        "sum_axis_0": lambda: square.sum(0), "sum_axis_1": lambda: square.sum(1), "var": lambda: x.var(),
        "max": lambda: x.max(), "argmin": lambda: x.argmin(), "count_nonzero": lambda: da.count_nonzero(x),
        "cumsum": lambda: da.cumsum(x), "diff": lambda: da.diff(x), "mask": lambda: x[x > 0.5],
        "mask_set": lambda: da.where(x > 0.5, 0, x), "nonzero": lambda: da.nonzero(x > 0.5)[0],
        "transpose": lambda: square.T.map_blocks(np.ascontiguousarray),
        "concatenate": lambda: da.concatenate([x, x])[n // 2:n // 2 + n].map_blocks(np.copy),
        "roll": lambda: da.roll(x, 1000), "flip": lambda: da.flip(x, 0).map_blocks(np.copy),
        "repeat": lambda: da.repeat(x[:n // 2], 2), "tril": lambda: da.tril(square),
        "unique": lambda: da.unique(numbers, return_counts=True)[1], "topk": lambda: da.topk(part, 10),
        "percentile": lambda: da.percentile(part, 90), "median": lambda: da.median(part, axis=0),
        "searchsorted": lambda: da.searchsorted(edges, part), "bincount": lambda: da.bincount(numbers, minlength=1000),
        "histogram": lambda: da.histogram(part, 50, (0, 1))[0], "map_blocks": lambda: x.map_blocks(np.copy),
        "gradient": lambda: da.gradient(x), "coarsen": lambda: da.coarsen(np.sum, square, {0: 2, 1: 2}),
        "random": lambda: random.random_sample((side, side)), "normal": lambda: random.standard_normal((half, half)),
        "arange": lambda: da.arange(0.0, n, chunks=n // 16), "matmul": lambda: a @ a, "matvec": lambda: a @ row,
        "outer": lambda: da.outer(row, row), "fft_rows": lambda: da.fft.fft(a)}


def on_two_threads(work):
    import dask
    return lambda: dask.persist(work(), scheduler="threads", num_workers=2)


def milliseconds(work):
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    size, rounds = int(sys.argv[1]), int(sys.argv[2])
    if sys.argv[3:] == ["dask"]:
        chosen = {name: on_two_threads(work) for name, work in dask_functions(size).items()}
    else:
        chosen = functions(size)
    for name, work in chosen.items():
        work()
        print(f"{name}_ms", min(milliseconds(work) for _ in range(rounds)), flush=True)
