"""Writes tests/array/golden/numpy.h5: inputs, and what NumPy makes of them. Run once, by hand,
when a case is added: python3 tests/support/make_golden.py

A case is a dataset of the group `expected`; tests/array/golden_test.cpp computes each from the datasets of
`inputs`, over several chunkings.
"""
from pathlib import Path

import h5py
import numpy as np

rng = np.random.default_rng(20)
x = np.round(rng.normal(size=(6, 5, 4)), 3)
n = x.copy()
n[rng.random(x.shape) < 0.2] = np.nan
n[0, 0, :] = np.nan
i = rng.integers(-9, 10, size=(6, 5, 4))
m = np.round(rng.normal(size=(7, 5)), 3)
w = np.round(rng.normal(size=(5, 3)), 3)
z = x[0] + 1j * x[1]
s = m[:5] @ m[:5].T + 5 * np.eye(5)
e = np.zeros((0, 4))
INPUTS = {"x": x, "n": n, "i": i, "m": m, "w": w, "z": z, "s": s, "e": e}


def signed(u, s, v):
    """As weir::svd: the largest entry of each row of v is positive."""
    signs = np.sign(v[np.arange(v.shape[0]), np.argmax(np.abs(v), axis=1)])
    return u * signs, s, v * signs[:, None]


u, values, v = signed(*np.linalg.svd(m, full_matrices=False))
with np.errstate(all="ignore"):
    CASES = {
        # elementwise
        "arithmetic": (x + 2) * x / (x * x + 1) - 3 % (abs(x) + 1),
        "broadcast": x + m[:5, :4] * x[0, :, :1],
        "integers": i // 3 + i % 4,
        "power": np.abs(x) ** 1.5,
        "where": np.where(x > 0, x, -2 * x),
        "clip": np.clip(x, -0.5, 0.7),
        "exp": np.exp(x),
        "log1p": np.log1p(abs(x)),
        "tanh": np.tanh(x),
        "rint": np.rint(x * 3),
        "hypot": np.hypot(x, i),
        "bits": (i & 6) | (i ^ 3),
        "abs_complex": abs(z * np.conj(z) + 1j),
        # reductions
        "sum": x.sum(axis=1),
        "sum_int": i.sum(axis=(0, 2)),
        "prod": x.prod(axis=2),
        "mean": x.mean(axis=(0, 1), keepdims=True),
        "var": x.var(axis=0, ddof=1),
        "std": x.std(axis=(1, 2)),
        "min": x.min(axis=-1),
        "max": x.max(axis=(0, 2)),
        "argmin": x.argmin(axis=1),
        "argmax": x.argmax(axis=0),
        "any": (x > 1).any(axis=0),
        "all": (x > -1).all(axis=2),
        "count_nonzero": np.count_nonzero(i, axis=1),
        "nansum": np.nansum(n, axis=0),
        "nanmean": np.nanmean(n, axis=(1, 2)),
        "nanstd": np.nanstd(n, axis=1)[1:],
        "nanmax": np.nanmax(n, axis=2)[1:],
        "empty_sum": e.sum(axis=0),
        "cumsum": np.cumsum(x, axis=1),
        "cumprod": np.cumprod(i.astype(float) / 5, axis=0),
        "topk": -np.sort(-x, axis=1)[:, :3],
        "histogram": np.histogram(x, bins=[-2, -1, -0.25, 0.5, 1, 3])[0],
        "percentile": np.moveaxis(np.percentile(x, [10, 50, 93], axis=1), 0, 1),
        "median": np.median(x, axis=0),
        # indexing and shape
        "slice": x[4:0:-2, 1:, ::-1],
        "newaxis": x[None, 2, ..., None],
        "list": x[[3, 0, 3, -1]][:, [1, 4]],
        "mask": x[x > 0.5],
        "mask_axis": x[x[:, 0, 0] > 0],
        "set_slice": (lambda y: (y.__setitem__((slice(1, 5, 2), slice(2, None)), 7.0), y)[1])(x.copy()),
        "set_mask": (lambda y: (y.__setitem__(y < 0, 0.0), y)[1])(x.copy()),
        "reshape": x.reshape(8, -1, 3),
        "transpose": x.transpose(2, 0, 1),
        "flip": np.flip(x, (0, 2)),
        "roll": np.roll(x, -2, axis=1),
        "concatenate": np.concatenate([x, x[:2]], axis=0),
        "stack": np.stack([x, -x], axis=1),
        "pad": np.pad(x, [(1, 2), (0, 1), (2, 0)], constant_values=9),
        "pad_edge": np.pad(x, [(1, 2), (3, 1), (0, 0)], mode="edge"),
        "pad_reflect": np.pad(x, [(1, 2), (3, 1), (0, 0)], mode="reflect"),
        "pad_symmetric": np.pad(x, [(1, 2), (3, 1), (0, 0)], mode="symmetric"),
        "pad_wrap": np.pad(x, [(1, 2), (3, 1), (0, 0)], mode="wrap"),
        "tile": np.tile(x, (1, 2, 2)),
        "repeat": np.repeat(x, 3, axis=1),
        # linear algebra and Fourier
        "matmul": m @ w,
        "tensordot": np.tensordot(x, x, ([1, 2], [1, 2])),
        "einsum": np.einsum("ijk,jl->ikl", x, w),
        "qr_r": abs(np.linalg.qr(m)[1]),
        "svd_u": u,
        "svd_s": values,
        "svd_v": v,
        "lstsq": np.linalg.lstsq(m, m[:, :2] ** 2, rcond=None)[0],
        "cholesky": np.linalg.cholesky(s),
        "solve": np.linalg.solve(s, w),
        "inv": np.linalg.inv(s),
        "norm": np.linalg.norm(m, axis=1),
        "fft": np.fft.fft(x, axis=1),
        "ifft": np.fft.ifft(z, axis=0),
        "rfft": np.fft.rfft(x, axis=0),
    }


def main():
    with h5py.File(Path(__file__).parent.parent / "array/golden/numpy.h5", "w", libver="latest") as file:
        for name, value in INPUTS.items():
            file["inputs/" + name] = value
        for name, value in CASES.items():
            file["expected/" + name] = value


if __name__ == "__main__":
    main()
