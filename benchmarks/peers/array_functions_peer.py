"""NumPy or Dask beside benchmarks/array_functions.cpp:
array_functions_peer.py ELEMENTS ROUNDS [numpy|dask [NAME,...]]. Prints "NAME_ms VALUE", best of rounds. Dask
has two threads and 16 chunks, the results stay in its chunks."""
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
        "cumsum": lambda: da.cumsum(x, 0), "diff": lambda: da.diff(x), "mask": lambda: x[x > 0.5],
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


def further_functions(elements):
    """Those of array_further.cpp and array_algebra.cpp, of a quarter of the elements and less."""
    rng = np.random.default_rng(2)
    side = int(math.sqrt(elements))
    n, half = side * side // 4, side // 2
    x, y, square = rng.random(n), rng.random(n), rng.random((half, half))
    i, j, few = rng.integers(1, 1 << 20, n), rng.integers(1, 30, n), rng.integers(0, 1000, n)
    k, m, f, ones = rng.random(n) < 0.5, rng.random(n) < 0.5, x.astype(np.float32), np.ones(n)
    edge = 1 << n.bit_length() // 3
    cube, line = x[:n // edge**2 * edge**2].reshape(edge, edge, -1), square[0].copy()
    bins, edges = np.linspace(0, 1, 51), [0.0, 0.1, 0.3, 0.35, 0.7, 0.72, 0.9, 1.0]
    values, copied = np.arange(0, 1000, 20), np.ascontiguousarray

    def rechunked():
        return [copied(part) for part in np.split(square, 16, 1)]

    of_two = {"subtract": np.subtract, "multiply": np.multiply, "minimum": np.minimum, "fmin": np.fmin,
              "fmax": np.fmax, "pow_array": np.power, "equal": np.equal, "isclose": np.isclose}
    of_one = {"square": np.square, "negative": np.negative, "sign": np.sign, "ceil": np.ceil, "trunc": np.trunc,
              "rint": np.rint, "nan_to_num": np.nan_to_num, "isnan": np.isnan, "isinf": np.isinf,
              "isfinite": np.isfinite, "signbit": np.signbit, "std": np.std, "min": np.min, "ptp": np.ptp,
              "argmax": np.argmax, "nansum": np.nansum, "nanmean": np.nanmean, "nanvar": np.nanvar,
              "nanstd": np.nanstd, "nanmin": np.nanmin, "nanmax": np.nanmax, "nanmedian": np.nanmedian}
    whole = {"bit_and": np.bitwise_and, "bit_or": np.bitwise_or, "bit_xor": np.bitwise_xor,
             "left_shift": np.left_shift, "right_shift": np.right_shift, "int_multiply": np.multiply,
             "int_divide": np.floor_divide, "int_mod": np.mod}
    chosen = {name: lambda g=g: g(x, y) for name, g in of_two.items()}
    chosen |= {name: lambda g=g: g(x) for name, g in of_one.items()}
    chosen |= {name: lambda g=g: g(i, j) for name, g in whole.items()}
    return chosen | {
        "allclose": lambda: np.allclose(x, x), "bit_not": lambda: ~i, "int_pow": lambda: i**3,
        "int_sum": lambda: i.sum(), "logical_and": lambda: k & m, "logical_or": lambda: k | m,
        "logical_not": lambda: ~k, "float_sqrt": lambda: np.sqrt(f), "float_exp": lambda: np.exp(f),
        "float_pow": lambda: f**np.float32(1.7),
        "prod": lambda: ones.prod(), "any": lambda: (x > 2).any(), "all": lambda: (x < 2).all(),
        "nanprod": lambda: np.nanprod(ones), "average": lambda: np.average(x, weights=ones),
        "cumprod": lambda: np.cumprod(ones), "max_axis_0": lambda: square.max(0),
        "max_axis_1": lambda: square.max(1), "var_axis_0": lambda: square.var(0),
        "var_axis_1": lambda: square.var(1), "argmin_axis_0": lambda: square.argmin(0),
        "argmin_axis_1": lambda: square.argmin(1), "any_axis_1": lambda: (square > 2).any(1),
        "cumsum_axis_0": lambda: square.cumsum(0), "trace": lambda: square.trace(),
        "reduction": lambda: square.sum(), "apply_along_axis": lambda: np.apply_along_axis(np.sum, 1, square),
        "moveaxis": lambda: copied(np.moveaxis(cube, 0, 2)), "swapaxes": lambda: copied(cube.swapaxes(0, 1)),
        "stack": lambda: np.stack([x, x]), "block": lambda: np.block([[square, square]]),
        "pad": lambda: np.pad(square, 3), "pad_reflect": lambda: np.pad(square, 3, mode="reflect"),
        "tile": lambda: np.tile(x, 2), "triu": lambda: np.triu(square), "diag": lambda: np.diag(line),
        "broadcast_to": lambda: np.broadcast_to(line, (half, half)).copy(),
        "meshgrid": lambda: np.meshgrid(line, line)[1], "split": lambda: np.split(x, 2)[1].copy(),
        "fftshift": lambda: np.fft.fftshift(x), "zeros": lambda: np.full(n, 0.0), "eye": lambda: np.eye(half),
        "linspace": lambda: np.linspace(0, 1, n), "from_function": lambda: np.arange(0.0, n),
        "rechunk": rechunked, "nanpercentile": lambda: np.nanpercentile(x, 90),
        "quantile": lambda: np.quantile(x, 0.9), "median_rows": lambda: np.median(square, 1),
        "median_columns": lambda: np.median(square, 0), "sort_rows": lambda: np.sort(square),
        "sort_columns": lambda: np.sort(square, 0), "argtopk": lambda: np.argpartition(x, -10)[-10:],
        "digitize": lambda: np.digitize(x, bins), "isin": lambda: np.isin(few, values),
        "argwhere": lambda: np.argwhere(square > 0.5), "bincount_weights": lambda: np.bincount(few, x),
        "histogram2d": lambda: np.histogram2d(x, x, 20, ((0, 1), (0, 1))),
        "histogram_edges": lambda: np.histogram(x, edges),
        "lognormal": lambda: rng.lognormal(size=n), "exponential": lambda: rng.standard_exponential(n),
        "poisson": lambda: rng.poisson(4, n), "bernoulli": lambda: rng.random(n) < 0.5,
        "integers": lambda: rng.integers(0, 1000, n), "permutation": lambda: rng.permutation(n)}


def further_algebra(elements):
    """Those of array_algebra.cpp."""
    rng = np.random.default_rng(3)
    side = int(math.sqrt(elements)) // 4
    n = side * side
    a = rng.random((side, side))
    small, tall, flat = a[:side // 2, :side // 2].copy(), a.reshape(-1, 32), a.ravel()
    dominant, right = a + side * np.eye(side), flat[:n // 32]
    symmetric, mirrored = dominant + dominant.T, small + small.T
    variables, box = a.reshape(64, -1), a.reshape(64, -1, 64)
    turned = a * (1 + 0.5j)
    half = turned[:, :side // 2 + 1].copy()
    u, v = (rng.uniform(0.25, 1, 2 * n) + 1j * rng.uniform(0.25, 1, 2 * n) for _ in range(2))
    linalg, fft = np.linalg, np.fft
    of_one = {"square": np.square, "abs": np.abs, "exp": np.exp, "log": np.log, "sqrt": np.sqrt, "sin": np.sin,
              "tanh": np.tanh, "sum": np.sum}
    chosen = {f"complex_{name}": lambda f=f: f(u) for name, f in of_one.items()}
    return chosen | {
        "complex_add": lambda: u + v, "complex_multiply": lambda: u * v, "complex_divide": lambda: u / v,
        "complex_pow": lambda: u**v, "conj": lambda: u.conj(), "real": lambda: u.real.copy(),
        "imag": lambda: u.imag.copy(), "angle": lambda: np.angle(u),
        "tensordot": lambda: np.tensordot(box, box, ((0, 2), (0, 2))),
        "einsum": lambda: np.einsum("ij,jk->ik", a, a, optimize=True),
        "einsum_rows": lambda: np.einsum("ij,ij->i", a, a), "dot": lambda: flat @ flat,
        "norm": lambda: linalg.norm(a), "cov": lambda: np.cov(variables), "corrcoef": lambda: np.corrcoef(variables),
        "qr": lambda: linalg.qr(tall), "svd": lambda: linalg.svd(tall, full_matrices=False),
        "svd_compressed": lambda: linalg.svd(small), "lstsq": lambda: linalg.lstsq(tall, right, None),
        "cholesky": lambda: linalg.cholesky(symmetric), "solve": lambda: linalg.solve(dominant, right[:side]),
        "inv": lambda: linalg.inv(dominant), "det": lambda: linalg.det(dominant),
        "slogdet": lambda: linalg.slogdet(dominant), "eigh": lambda: linalg.eigh(mirrored),
        "ifft_rows": lambda: fft.ifft(turned), "rfft_rows": lambda: fft.rfft(a), "irfft_rows": lambda: fft.irfft(half),
        "fftn": lambda: fft.fftn(turned), "ifftn": lambda: fft.ifftn(turned)}


def further_dask(elements):
    """What Dask has of those."""
    import dask.array as da
    rng = np.random.default_rng(2)
    side = int(math.sqrt(elements))
    n, half = side * side // 4, side // 2
    there = lambda a, parts=16: da.from_array(a, chunks=(-(-a.shape[0] // parts),) + a.shape[1:]).persist()
    x, y, ones = there(rng.random(n)), there(rng.random(n)), there(np.ones(n))
    square = there(rng.random((half, half)))
    i, j = there(rng.integers(1, 1 << 20, n)), there(rng.integers(1, 30, n))
    few, f = there(rng.integers(0, 1000, n)), there(rng.random(n).astype(np.float32))
    line, values, bins = there(rng.random(half), 1), np.arange(0, 1000, 20), np.linspace(0, 1, 51)
    edge = half // 2
    a = there(rng.random((edge, edge)), 4)
    tall = there(rng.random((edge * edge // 32, 32)), 8)
    variables = there(rng.random((64, edge * edge // 64)), 4)
    u, v = (there(rng.uniform(0.25, 1, n // 2) + 1j * rng.uniform(0.25, 1, n // 2)) for _ in range(2))
    turned, random = there((1 + 0.5j) * rng.random((edge, edge)), 4), da.random.RandomState(1)
    of_two = {"subtract": "subtract", "multiply": "multiply", "minimum": "minimum", "fmin": "fmin", "fmax": "fmax",
              "pow_array": "power", "equal": "equal", "isclose": "isclose", "allclose": "allclose"}
    of_one = {name: name for name in (
        "square", "negative", "sign", "ceil", "trunc", "rint", "nan_to_num", "isnan", "isinf", "isfinite", "signbit",
        "std", "min", "argmax", "nansum", "nanmean", "nanvar", "nanstd", "nanmin", "nanmax")}
    whole = {"bit_and": "bitwise_and", "bit_or": "bitwise_or", "bit_xor": "bitwise_xor", "left_shift": "left_shift",
             "right_shift": "right_shift", "int_multiply": "multiply", "int_divide": "floor_divide", "int_mod": "mod"}
    numbers = {"square": "square", "abs": "absolute", "exp": "exp", "log": "log", "sqrt": "sqrt", "sin": "sin",
               "tanh": "tanh", "sum": "sum"}
    chosen = {name: lambda g=getattr(da, g): g(x, y) for name, g in of_two.items()}
    chosen |= {name: lambda g=getattr(da, g): g(x) for name, g in of_one.items()}
    chosen |= {name: lambda g=getattr(da, g): g(i, j) for name, g in whole.items()}
    chosen |= {f"complex_{name}": lambda g=getattr(da, g): g(u) for name, g in numbers.items()}
    return chosen | {
        "bit_not": lambda: ~i, "int_pow": lambda: i**3, "int_sum": lambda: i.sum(), "float_sqrt": lambda: da.sqrt(f),
        "float_exp": lambda: da.exp(f), "float_pow": lambda: f**np.float32(1.7), "prod": lambda: ones.prod(),
        "any": lambda: (x > 2).any(), "all": lambda: (x < 2).all(), "nanprod": lambda: da.nanprod(ones),
        "average": lambda: da.average(x, weights=ones), "cumprod": lambda: da.cumprod(ones, 0),
        "max_axis_0": lambda: square.max(0), "max_axis_1": lambda: square.max(1), "var_axis_0": lambda: square.var(0),
        "var_axis_1": lambda: square.var(1), "argmin_axis_0": lambda: square.argmin(0),
        "argmin_axis_1": lambda: square.argmin(1), "any_axis_1": lambda: (square > 2).any(1),
        "cumsum_axis_0": lambda: da.cumsum(square, 0), "trace": lambda: da.diagonal(square).sum(),
        "stack": lambda: da.stack([x, x]).map_blocks(np.copy),
        "block": lambda: da.block([[square, square]]).map_blocks(np.copy),
        "pad": lambda: da.pad(square, 3, mode="constant"), "pad_reflect": lambda: da.pad(square, 3, mode="reflect"),
        "tile": lambda: da.tile(x, 2), "triu": lambda: da.triu(square), "diag": lambda: da.diag(line),
        "eye": lambda: da.eye(half, half // 4), "linspace": lambda: da.linspace(0, 1, n, chunks=n // 16),
        "zeros": lambda: da.full(n, 0.0, chunks=n // 16), "fftshift": lambda: da.fft.fftshift(x).map_blocks(np.copy),
        "rechunk": lambda: square.rechunk((half, half // 16)), "median_rows": lambda: da.median(square, 1),
        "argtopk": lambda: da.argtopk(x, 10), "digitize": lambda: da.digitize(x, bins),
        "isin": lambda: da.isin(few, values), "argwhere": lambda: da.argwhere(square > 0.5),
        "bincount_weights": lambda: da.bincount(few, x, minlength=1000),
        "histogram2d": lambda: da.histogram2d(x, x, bins=20, range=((0, 1), (0, 1)))[0],
        "lognormal": lambda: random.lognormal(size=n, chunks=n // 16),
        "exponential": lambda: random.standard_exponential(n, chunks=n // 16),
        "poisson": lambda: random.poisson(4, n, chunks=n // 16),
        "integers": lambda: random.randint(0, 1000, n, chunks=n // 16), "permutation": lambda: random.permutation(n),
        "complex_add": lambda: u + v, "complex_multiply": lambda: u * v, "complex_divide": lambda: u / v,
        "complex_pow": lambda: u**v, "angle": lambda: da.angle(u),
        "einsum": lambda: da.einsum("ij,jk->ik", a, a),
        "einsum_rows": lambda: da.einsum("ij,ij->i", a, a), "norm": lambda: da.linalg.norm(a),
        "cov": lambda: da.cov(variables), "corrcoef": lambda: da.corrcoef(variables),
        "qr": lambda: da.linalg.qr(tall)[0], "svd": lambda: da.linalg.svd(tall)[0],
        "ifft_rows": lambda: da.fft.ifft(turned), "rfft_rows": lambda: da.fft.rfft(a)}


def small_functions():
    """Those of array_small.cpp."""
    x, y = np.random.default_rng(4).random((2, 1000))
    return {"small_sum": lambda: x.sum(), "small_mean": lambda: x.mean(), "small_add": lambda: x + y,
            "small_expression": lambda: x * 2 + y * y - 1, "small_sin": lambda: np.sin(x)}


def small_dask():
    import dask.array as da
    x, y = (da.from_array(one, chunks=1000).persist() for one in np.random.default_rng(4).random((2, 1000)))
    return {"small_sum": lambda: x.sum(), "small_mean": lambda: x.mean(), "small_add": lambda: x + y,
            "small_expression": lambda: x * 2 + y * y - 1, "small_sin": lambda: da.sin(x)}


def on_two_threads(work):
    import dask
    return lambda: dask.persist(work(), scheduler="threads", num_workers=2)


def type_functions(elements):
    """Those of array_types.cpp."""
    rng = np.random.default_rng(4)
    side = int(math.sqrt(elements)) // 2
    n = side * side
    x, w = rng.random(n), rng.random((side, side))
    f, s = x.astype(np.float32), w.astype(np.float32)
    i, t = (x * 1000).astype(np.int32), (w * 1000).astype(np.int64)
    m, places, v = x > 0.5, rng.integers(0, n, n // 16), x[:100000]
    cube = x[:n // 16384 * 16384].reshape(-1, 128, 128)
    return {
        "float_add": lambda: f + f, "float_floor": lambda: np.floor(f * 8), "float_sin": lambda: np.sin(f),
        "float_log2": lambda: np.log2(f), "float_atan": lambda: np.arctan(f), "float_tanh": lambda: np.tanh(f),
        "float_to_int": lambda: (f * 1000).astype(np.int32), "float_sum": lambda: f.sum(),
        "float_sum_axis_0": lambda: s.sum(0), "float_sort_rows": lambda: np.sort(s),
        "int32_add": lambda: i + i, "int32_argmax": lambda: i.argmax(), "int_sum_axis_0": lambda: t.sum(0),
        "mask_count": lambda: np.count_nonzero(m), "mask_to_double": lambda: m.astype(np.float64),
        "list_set": lambda: set_to_zero(x, lambda z: places), "reversed_add": lambda: x + x[::-1],
        "every_second": lambda: x[::2] * 2, "row_add": lambda: w + w[0], "column_add": lambda: w + w[:, :1],
        "center_rows": lambda: w - w.mean(1, keepdims=True), "diagonal": lambda: w.diagonal() * 1,
        "ravel": lambda: w[:, :side // 2].ravel(), "squeeze": lambda: w.reshape(side, 1, side).squeeze() * 1,
        "expand_dims": lambda: np.expand_dims(w, 1) * 1, "ifftshift": lambda: np.fft.ifftshift(x),
        "nanquantile": lambda: np.nanquantile(x, 0.9), "cube_sum_axis_0": lambda: cube.sum(0),
        "cube_sum_axis_1": lambda: cube.sum(1), "cube_max_axis_2": lambda: cube.max(2),
        "cube_sort_axis_1": lambda: np.sort(cube, 1), "medium_add": lambda: v + v, "medium_sin": lambda: np.sin(v),
        "medium_sum": lambda: v.sum(), "medium_mask": lambda: v[v > 0.5], "medium_sort": lambda: np.sort(v),
        "medium_argmax": lambda: v.argmax()}


def milliseconds(work):
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


if __name__ == "__main__":
    size, rounds = int(sys.argv[1]), int(sys.argv[2])
    only = sys.argv[4].split(",") if len(sys.argv) > 4 else []
    if sys.argv[3:4] == ["dask"]:
        chosen = dask_functions(size) | further_dask(size) | small_dask()
        chosen = {name: on_two_threads(work) for name, work in chosen.items()}
    else:
        chosen = (functions(size) | further_functions(size) | further_algebra(size) | small_functions() |
                  type_functions(size))
    for name, work in chosen.items():
        if only and name not in only:
            continue
        work()
        print(f"{name}_ms", min(milliseconds(work) for _ in range(rounds)), flush=True)
