#!/usr/bin/python3
"""Random expressions over every array function, element type and chunking, against NumPy.

    arrays.py --program FUZZ_ARRAYS [--count 500] [--seed N] [--on threads|ranks --weir WEIR] [--only NAME]

Each expression is built together with what NumPy says of it. All of a run are computed by one process (or
three ranks). Prints what differs and the seed; status 1 if something does.
"""
import argparse
import os
import random
import re
import struct
import subprocess
import sys
import warnings
import tempfile

import numpy as np

np.seterr(all="ignore")
warnings.simplefilter("ignore")

TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
         "float64",
         "complex64", "complex128"]
INTEGERS = TYPES[1:9]
REALS = ["float32", "float64"]


class Unfit(Exception):
    """This function cannot take these arguments; another is chosen."""


def kind(t):
    return {"b": 0, "i": 1, "u": 1, "f": 2, "c": 3}[np.dtype(t).kind]


def floating(t):
    return np.dtype(t) if kind(t) >= 2 else np.dtype("float64")


def summed(t):
    t = np.dtype(t)
    return np.dtype("int64") if t.kind in "bi" else np.dtype("uint64") if t.kind == "u" else t


def real_of(t):
    return {"complex64": np.dtype("float32"), "complex128": np.dtype("float64")}.get(np.dtype(t).name,
                                                            np.dtype(t))


class Expression:
    """Words for the program and NumPy's result.

    `exact`: every bit is known; `scale`: the largest number met."""

    def __init__(self, words, value, exact=True, inputs=()):
        self.words = words
        self.value = np.asarray(value)
        self.exact = exact and all(e.exact for e in inputs)
        with np.errstate(all="ignore"):
            magnitude = np.abs(self.value.astype("complex128")) if self.value.size else np.zeros(1)
            magnitude = magnitude[np.isfinite(magnitude)]
        self.scale = max([1.0] + [e.scale for e in inputs] + [float(magnitude.max())] if magnitude.size else
                         [1.0] + [e.scale for e in inputs])

    @property
    def type(self):
        return self.value.dtype

    @property
    def shape(self):
        return self.value.shape


def text(number):
    number = float(number)
    if number != number:
        return "nan"
    return number.hex() if np.isfinite(number) else "inf" if number > 0 else "-inf"


def listed(numbers):
    return " ".join([str(len(numbers))] + [str(int(n)) for n in numbers])


class Maker:
    def __init__(self, rng):
        self.rng = rng
        self.functions = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("f_")]

    # --- arrays from nothing

    def shape(self, axes=None, most=7):
        r = self.rng
        axes = r.choice([0, 1, 1, 2, 2, 2, 3, 3]) if axes is None else axes
        return tuple(r.choice([0, 1]) if r.random() < 0.12 else r.randint(1, most) for _ in range(axes))

    def chunks(self, shape):
        r, all_axes = self.rng, []
        for extent in shape:
            way = r.random()
            if way < 0.35:
                sizes = [extent]
            elif way < 0.5:
                sizes = [1] * extent or [0]
            else:
                sizes, left = [], extent
                while left:
                    sizes.append(r.randint(0 if r.random() < 0.1 else 1, left))
                    left -= sizes[-1]
                sizes = sizes or [0]
            all_axes.append(listed(sizes))
        return " ".join([str(len(shape))] + all_axes)

    def element(self, t, calm):
        r = self.rng
        t = np.dtype(t)
        if t.kind == "b":
            return r.random() < 0.5
        if t.kind in "iu":
            low, high = np.iinfo(t).min, np.iinfo(t).max
            if not calm and r.random() < 0.1:
                return r.choice([low, high, high - 1, low + 1, high // 2, min(high, 2 ** 53 + 1)])
            return r.randint(0, 12) if t.kind == "u" else r.randint(-9, 9)
        if t.kind == "f":
            if not calm and r.random() < 0.1:
                return r.choice([np.nan, np.nan, np.inf, -np.inf, 1e30, 2.0 ** 53, np.finfo(t).max,
                                 np.finfo(t).tiny, -0.0 if r.random() < 0.2 else 3.0])
            return r.randint(-40, 40) / r.choice([1, 2, 4, 8])
        return complex(self.element("float32", calm), self.element("float32", True))

    def values(self, value):
        value = np.asarray(value)
        data = np.ascontiguousarray(value).tobytes().hex() or "-"
        words = f"array {value.dtype.name} {listed(value.shape)} {self.chunks(value.shape)} {data}"
        return Expression(words, value)

    def leaf(self, t=None, shape=None, calm=None):
        r = self.rng
        t = np.dtype(t or r.choice(TYPES + ["float64", "float64", "int64", "int32"]))
        shape = self.shape() if shape is None else shape
        calm = r.random() < 0.6 if calm is None else calm
        count = int(np.prod(shape))
        value = np.array([self.element(t, calm) for _ in range(count)], dtype=t).reshape(shape)
        return self.values(value)

    def any(self, depth, types=None):
        """An expression of one of these types."""
        for _ in range(40):
            e = self.leaf(self.rng.choice(types) if types else None) if depth <= 0 else self.build(depth)
            if types is None or e.type.name in types:
                return e
            if self.rng.random() < 0.3:
                depth = 0
        return self.leaf(self.rng.choice(types) if types else None)

    def build(self, depth):
        for _ in range(200):
            try:
                e = self.rng.choice(self.functions)(depth - 1)
            except Unfit:
                continue
            if e.value.size <= 3000 and e.value.ndim <= 6:
                if self.rng.random() < 0.1:
                    e.words = f"rechunk {self.chunks(e.shape)} {e.words}"
                if self.rng.random() < 0.05:
                    e.words = f"persist {e.words}"
                return e
        return self.leaf()

    def axis(self, e, needs=1):
        if e.value.ndim < needs:
            raise Unfit
        return self.rng.randint(-e.value.ndim, e.value.ndim - 1)

    def axes(self, e):
        """Words and NumPy's argument: all axes or some of them."""
        r = self.rng
        if r.random() < 0.3 or e.value.ndim == 0:
            return "all", None
        some = r.sample(range(e.value.ndim), r.randint(1, e.value.ndim))
        some = [a - e.value.ndim if r.random() < 0.3 else a for a in some]
        return listed(some), tuple(some)

    def exactly(self, e):
        if not e.exact:
            raise Unfit
        return e

    # --- two operands

    def partner(self, e, depth, types=None):
        """An expression that broadcasts with e."""
        r = self.rng
        other = self.any(depth, types)
        try:
            np.broadcast_shapes(e.shape, other.shape)
            return other
        except ValueError:
            shape = [1 if r.random() < 0.25 else n for n in e.shape][r.randint(0, e.value.ndim):]
            return self.leaf(other.type.name, tuple(shape))

    def literal(self, t):
        """Words, value, and the type of the array it gives with one of type t."""
        r = self.rng
        k = r.choice([k for k in (1, 2, 3) if k <= max(1, kind(t)) or r.random() < 0.2])
        if k == 1:
            wide = np.dtype("int64") if kind(t) == 0 else np.dtype(t)
            low = 0 if wide.kind == "u" else -20
            n = r.randint(low, 20)
            if wide.kind in "iu" and r.random() < 0.1:
                n = int(r.choice([np.iinfo(wide).min, np.iinfo(wide).max]))
            return (f"u {n}" if n > 2 ** 63 - 1 else f"i {n}"), n, wide
        if k == 2:
            n = r.choice([0.5, -1.25, 3.0, np.nan, np.inf, r.randint(-20, 20) / 4])
            return f"d {text(n)}", n, np.dtype("float64") if kind(t) < 2 else np.dtype(t)
        n = complex(r.randint(-4, 4) / 2, r.randint(-4, 4) / 2)
        wide = np.dtype(t) if kind(t) == 3 else np.dtype("complex64" if t == "float32" else "complex128")
        return f"c {text(n.real)} {text(n.imag)}", n, wide

    def pair(self, depth, types=None, literals=True):
        """Words of two operands, their values in the common type, the inputs."""
        r = self.rng
        a = self.any(depth, types)
        if literals and r.random() < 0.3:
            words, n, t = self.literal(a.type)
            if types and t.name not in types:
                raise Unfit
            x, y = a.value.astype(t), np.asarray(n).astype(t)
            return (f"{a.words} {words}", x, y, [a]) if r.random() < 0.6 else (f"{words} {a.words}", y, x,
                                                            [a])
        b = self.partner(a, depth, types)
        t = np.promote_types(a.type, b.type)
        return f"{a.words} {b.words}", a.value.astype(t), b.value.astype(t), [a, b]

    def f_arithmetic(self, depth):
        name = self.rng.choice(["add", "subtract", "multiply"])
        words, x, y, inputs = self.pair(depth)
        t = np.promote_types(x.dtype, y.dtype)
        if t == bool and name == "subtract":
            value = x ^ y
        else:
            value = getattr(np, name)(x, y)
        return Expression(f"{name} {words}", value.astype(t), kind(t) < 3 or name != "multiply", inputs)

    def f_order(self, depth):
        name = self.rng.choice(["minimum", "maximum", "fmin", "fmax"])
        words, x, y, inputs = self.pair(depth, TYPES[:11])
        return Expression(f"{name} {words}", getattr(np, name)(x, y), True, inputs)

    def f_quotient(self, depth):
        name = self.rng.choice(["floor_divide", "mod"])
        words, x, y, inputs = self.pair(depth, TYPES[1:11])
        for e in inputs:
            self.exactly(e)
        t = np.promote_types(x.dtype, y.dtype)
        return Expression(f"{name} {words}", getattr(np, name)(x, y).astype(t), True, inputs)

    def f_divide(self, depth):
        words, x, y, inputs = self.pair(depth)
        t = floating(np.promote_types(x.dtype, y.dtype))
        return Expression(f"divide {words}", np.divide(x.astype(t), y.astype(t)), kind(t) < 3, inputs)

    def f_power(self, depth):
        a = self.any(depth, TYPES[1:])
        n = self.rng.randint(0, 5)
        if kind(a.type) == 3:  # NumPy multiplies, the library takes logarithms: infinities differ
            if not np.isfinite(a.value).all():
                raise Unfit
        return Expression(f"pow {a.words} i {n}", np.power(a.value, np.asarray(n).astype(a.type)),
                          kind(a.type) < 2, [a])

    def f_float_pair(self, depth):
        name = self.rng.choice(["hypot", "atan2", "copysign", "logaddexp"])
        words, x, y, inputs = self.pair(depth, TYPES[:11])
        if name in ("atan2", "copysign"):
            for e in inputs:
                self.exactly(e)
        t = floating(np.promote_types(x.dtype, y.dtype))
        function = np.arctan2 if name == "atan2" else getattr(np, name)
        return Expression(f"{name} {words}", function(x.astype(t), y.astype(t)), name == "copysign", inputs)

    def f_bits(self, depth):
        name = self.rng.choice(["bit_and", "bit_or", "bit_xor"])
        words, x, y, inputs = self.pair(depth, TYPES[:9])
        if kind(np.promote_types(x.dtype, y.dtype)) > 1:
            raise Unfit
        return Expression(f"{name} {words}", getattr(np, name.replace("bit_", "bitwise_"))(x, y), True,
                          inputs)

    def f_shift(self, depth):
        r = self.rng
        name = r.choice(["left_shift", "right_shift"])
        a = self.any(depth, INTEGERS)
        if r.random() < 0.5:
            n = r.choice([0, 1, 3, 7, 8, 15, 16, 31, 32, 63, 64, 70, 1000])
            words, by = f"i {n}", np.asarray(n, "uint64")
        else:
            b = self.leaf(a.type.name, a.shape, calm=True)
            b = self.values(np.abs(b.value).astype(a.type))
            words, by = b.words, b.value.astype("uint64")
        bits = 8 * a.type.itemsize
        x, by = [int(v) for v in a.value.ravel()], [int(v) for v in np.broadcast_to(by, a.shape).ravel()]
        out = [(v << n if name == "left_shift" else v >> n) if n < bits else
               (0 if name == "left_shift" or v >= 0 else -1) for v, n in zip(x, by)]
        value = np.array([v % 2 ** bits for v in out], "uint64").astype(a.type).reshape(a.shape)
        return Expression(f"{name} {a.words} {words}", value, True, [a])

    def f_compare(self, depth):
        r = self.rng
        name, op = r.choice([("equal", "=="), ("not_equal", "!="), ("less", "<"), ("less_equal", "<="),
                             ("greater", ">"), ("greater_equal", ">=")])
        types = TYPES if name in ("equal", "not_equal") else TYPES[:11]
        a = self.exactly(self.any(depth, types))
        exact = [v.item() for v in a.value.ravel()]
        if r.random() < 0.4:
            n = r.choice([0, 1, -1, 3, 255, 256, 300, -129, 2 ** 31, 2 ** 53 + 1, 2 ** 63, 2 ** 64 - 1,
                          -2 ** 63])
            if r.random() < 0.4:
                n = r.choice([0.5, -0.5, 2.0, 1e300, -1e300, 2.0 ** 53, 2.0 ** 63, 2.0 ** 64, np.inf,
                              -np.inf, np.nan])
                words = f"d {text(n)}"
            else:
                words = f"u {n}" if n >= 2 ** 63 else f"i {n}"
            others, shape, inputs, words = [n] * len(exact), a.shape, [a], f"{a.words} {words}"
        else:
            b = self.exactly(self.partner(a, depth, types))
            x, y = np.broadcast_arrays(a.value, b.value)
            exact, others = [v.item() for v in x.ravel()], [v.item() for v in y.ravel()]
            shape, inputs, words = x.shape, [a, b], f"{a.words} {b.words}"
        # Python compares numbers of all types exactly.
        value = [eval("x " + op + " y", {"x": x, "y": y}) for x, y in zip(exact, others)]
        return Expression(f"{name} {words}", np.array(value, bool).reshape(shape), True, inputs)

    def f_where(self, depth):
        words, x, y, inputs = self.pair(depth)
        shape = np.broadcast_shapes(x.shape, y.shape)
        condition = self.leaf("bool", tuple(1 if self.rng.random() < 0.2 else n for n in shape))
        value = np.where(condition.value, x, y)
        return Expression(f"where {condition.words} {words}", value, True, inputs + [condition])

    def f_clip(self, depth):
        a = self.any(depth, TYPES[1:11])
        low, high = sorted([self.rng.randint(-300, 300), self.rng.randint(-300, 300)])
        if a.type.kind in "iu":
            limits = np.iinfo(a.type)
            if low > limits.max or high < limits.min:
                raise Unfit
            value = np.clip(a.value, max(low, limits.min), min(high, limits.max))
        else:
            value = np.clip(a.value, low, high)
        return Expression(f"clip {a.words} i {low} i {high}", value.astype(a.type), True, [a])

    def f_isclose(self, depth):
        a = self.exactly(self.any(depth))
        b = self.exactly(self.partner(a, 0)) if self.rng.random() < 0.5 else self.values(a.value)
        t = floating(np.promote_types(a.type, b.type))
        nan = self.rng.random() < 0.5
        value = np.isclose(a.value.astype(t), b.value.astype(t), equal_nan=nan)
        return Expression(f"isclose {int(nan)} {a.words} {b.words}", value, True, [a, b])

    # --- one operand

    def f_round(self, depth):
        a = self.exactly(self.any(depth, TYPES[1:11]))
        d = self.rng.randint(-2, 3)
        if d < 0 and (kind(a.type) == 1):
            by = 10.0 ** -d
            if a.scale > 1e15:
                raise Unfit
            value = (np.rint(a.value.astype("float64") / by) * by).astype(a.type)
            if a.type.itemsize < 8 and np.any(np.abs(np.rint(a.value / by) * by) > np.iinfo(a.type).max):
                raise Unfit
        else:
            value = np.round(a.value, d)
        return Expression(f"round {d} {a.words}", value, d == 0, [a])

    def f_nan_to_num(self, depth):
        a = self.any(depth, TYPES[:11])
        return Expression(f"nan_to_num {text(2.5)} {a.words}", np.nan_to_num(a.value, nan=2.5), True, [a])

    def f_same(self, depth):
        name = self.rng.choice(["negative", "abs", "sign", "square", "conj", "bit_not", "floor", "ceil",
                                "trunc", "rint"])
        if name == "bit_not":
            types = TYPES[:9]
        elif name in ("negative", "floor", "ceil", "trunc", "rint"):
            types = TYPES[1:11] if name != "negative" else TYPES[1:]
        elif name == "sign":
            types = TYPES[1:11]
        elif name in ("conj", "square"):
            types = TYPES[1:]  # NumPy's of bool is int8
        else:
            types = TYPES
        a = self.any(depth, types)
        if name in ("floor", "ceil", "trunc", "rint", "sign"):
            self.exactly(a)
            if kind(a.type) == 1 and name != "sign":
                return Expression(f"{name} {a.words}", a.value, True, [a])
        function = {"bit_not": np.invert}.get(name) or getattr(np, name)
        exact = kind(a.type) < 3 or name in ("negative", "conj")
        return Expression(f"{name} {a.words}", function(a.value), exact, [a])

    def f_function(self, depth):
        name = self.rng.choice(["exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt",
                                "sin", "cos",
                                "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh",
                                "atanh",
                                "reciprocal"])
        a = self.any(depth, TYPES[:11])
        if name in ("sin", "cos", "tan") and a.scale > 1e6:
            raise Unfit
        if not a.exact and name not in ("atan", "tanh", "asinh", "sin", "cos"):
            raise Unfit  # near a pole, or at the border of what is defined
        x = a.value.astype(floating(a.type))
        numpy = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
                 "atanh": "arctanh"}.get(name, name)
        value = getattr(np, numpy)(x) if name != "reciprocal" else 1 / x
        return Expression(f"{name} {a.words}", value.astype(x.dtype), name in ("sqrt", "reciprocal"), [a])

    def f_part(self, depth):
        name = self.rng.choice(["real", "imag", "angle"])
        a = self.any(depth, TYPES[1:])
        if name == "angle":
            self.exactly(a)
        x = a.value.astype(floating(a.type))
        # Of one float NumPy's angle is double.
        value = np.asarray(getattr(np, name)(x)).astype(real_of(x.dtype))
        return Expression(f"{name} {a.words}", value, name != "angle", [a])

    def f_test(self, depth):
        name = self.rng.choice(["isnan", "isinf", "isfinite", "signbit", "logical_not"])
        a = self.exactly(self.any(depth, REALS if name == "signbit" else None))
        return Expression(f"{name} {a.words}", getattr(np, name)(a.value), True, [a])

    def f_astype(self, depth):
        a = self.any(depth)
        t = np.dtype(self.rng.choice(TYPES))
        if kind(t) < 2 and kind(a.type) >= 2:
            self.exactly(a)
        clip, x = int(self.rng.random() < 0.5), a.value
        if kind(a.type) == 3 and kind(t) < 3 and t != bool:
            if not clip and (x.imag != 0).any():
                raise Unfit
            x = x.real
        if t.kind in "iu" and kind(x.dtype) > 0:
            limits = np.iinfo(t)
            out = []
            for v in x.ravel().tolist():
                if v != v:
                    fits, v = False, 0
                else:
                    fits = v not in (np.inf, -np.inf) and limits.min <= int(v) <= limits.max
                    v = int(v) if fits else limits.min if v < 0 else limits.max
                if not fits and not clip:
                    raise Unfit
                out.append(v)
            value = np.array(out, t).reshape(x.shape)
        else:
            value = x.astype(t)
            if real_of(t) == np.float32 and not np.array_equal(np.isfinite(x), np.isfinite(value)):
                raise Unfit
        return Expression(f"astype {t.name} {clip} {a.words}", value, True, [a])

    # --- reductions

    def f_reduction(self, depth):
        r = self.rng
        name = r.choice(["sum", "prod", "mean", "var", "std", "min", "max", "argmin", "argmax", "any", "all",
                         "count_nonzero", "nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmin",
                         "nanmax"])
        order = name.endswith("min") or name.endswith("max")
        a = self.any(depth, TYPES[:11] if order else None)
        words, axes = self.axes(a)
        keep, ddof = r.random() < 0.4, r.choice([0, 0, 1, 2]) if "var" in name or "std" in name else 0
        if name.startswith("arg"):
            self.exactly(a)
            if axes is not None:
                axes, words = axes[0], listed(axes[:1])
        if name in ("any", "all", "count_nonzero"):
            self.exactly(a)
        count = a.value.size if axes is None else np.prod([a.shape[i] for i in np.atleast_1d(axes)])
        if order and count == 0:
            raise Unfit
        x = a.value
        if ("var" in name or "std" in name) and kind(x.dtype) == 0:
            x = x.astype("float64")
        extra = {"ddof": ddof} if "var" in name or "std" in name else {}
        if extra and a.scale > 1e6:
            raise Unfit  # the square of what rounding leaves
        if name in ("prod", "nanprod") and a.scale > 1e6:
            raise Unfit
        if name == "nanvar" or name == "nanstd":
            if np.isinf(x).any():
                raise Unfit
        value = np.asarray(getattr(np, name)(x, axis=axes, keepdims=keep, **extra))
        if name in ("sum", "prod", "nansum", "nanprod"):
            value = value.astype(summed(a.type))
        exact = order or name in ("any", "all",
                                  "count_nonzero") or kind(a.type) < 2 and name.endswith(("sum", "prod"))
        return Expression(f"{name} {words} {int(keep)} {text(ddof)} {a.words}", value, exact, [a])

    def f_cumulative(self, depth):
        name = self.rng.choice(["cumsum", "cumprod"])
        a = self.any(depth)
        if a.scale > 1e6:
            raise Unfit
        axis = self.axis(a)
        value = getattr(np, name)(a.value, axis=axis, dtype=summed(a.type))
        return Expression(f"{name} {axis} {a.words}", value, kind(a.type) < 2, [a])

    def f_topk(self, depth):
        a = self.any(depth, TYPES[:11])
        axis = self.axis(a)
        n = a.shape[axis]
        if n == 0:
            raise Unfit
        k = self.rng.choice([-1, 1]) * self.rng.randint(1, n)
        value = np.sort(a.value, axis=axis)
        value = np.flip(value, axis)[tuple([slice(None)] * (axis % a.value.ndim) + [slice(0,
                                                            k)])] if k > 0 else \
            value[tuple([slice(None)] * (axis % a.value.ndim) + [slice(0, -k)])]
        return Expression(f"topk {k} {axis} {a.words}", value, True, [a])

    def f_histogram(self, depth):
        a = self.exactly(self.any(depth, TYPES[1:11]))
        edges = sorted(set(self.rng.randint(-40, 40) / 4 for _ in range(self.rng.randint(2, 6))))
        if len(edges) < 2:
            raise Unfit
        x = a.value.astype("float64")
        value = np.histogram(x[~np.isnan(x)], edges)[0]
        words = " ".join([str(len(edges))] + [text(e) for e in edges])
        return Expression(f"histogram {words} {a.words}", value.astype("int64"), True, [a])

    def f_percentile(self, depth):
        a = self.any(depth, TYPES[1:11])
        axis = self.axis(a)
        if a.shape[axis] == 0 or np.isinf(a.value).any() or a.scale > 1e15:
            raise Unfit
        q = [self.rng.choice([0, 25, 50, 100, 33.5]) for _ in range(self.rng.randint(1, 3))]
        value = np.moveaxis(np.percentile(a.value.astype("float64"), q, axis=axis), 0, axis)
        words = " ".join([str(len(q))] + [text(p) for p in q])
        return Expression(f"percentile {words} {axis} {a.words}", value,
                          False, [a])

    def f_nan_order(self, depth):
        a = self.any(depth, TYPES[1:11])
        axis = self.axis(a)
        if a.value.size == 0 or np.isinf(a.value).any() or a.scale > 1e15:
            raise Unfit
        x, name = a.value.astype("float64"), self.rng.choice(["nanpercentile", "median"])
        if name == "median":
            skip = int(self.rng.random() < 0.6)
            value = (np.nanmedian if skip else np.median)(x, axis)
            return Expression(f"median {skip} {axis} {a.words}", value, False, [a])
        q = [self.rng.choice([0, 25, 50, 100, 33.5]) for _ in range(self.rng.randint(1, 3))]
        value = np.moveaxis(np.nanpercentile(x, q, axis=axis), 0, axis)
        words = " ".join([str(len(q))] + [text(p) for p in q])
        return Expression(f"nanpercentile {words} {axis} {a.words}", value, False, [a])

    # --- counts

    def bins(self):
        """Words, and what NumPy is told: number of bins and their range."""
        count = self.rng.randint(1, 12)
        if self.rng.random() < 0.5:
            return f"{count} 0", count, None
        low = self.rng.randint(-10, 10) / 2
        high = low + self.rng.randint(0, 20) / 4
        return f"{count} 2 {text(low)} {text(high)}", count, (low, high)

    def finite(self, depth, types):
        a = self.exactly(self.any(depth, types))
        if not np.isfinite(a.value.astype("complex128")).all() or a.scale > 1e15:
            raise Unfit
        return a

    def f_histogram_bins(self, depth):
        a = self.finite(depth, TYPES[1:11])
        words, count, given = self.bins()
        x = a.value.astype("float64")
        counts, edges = np.histogram(x, count, given)
        which = int(self.rng.random() < 0.3)
        return Expression(f"histogram_bins {which} {words} {a.words}",
                          edges if which else counts.astype("int64"), True, [a])

    def f_histogram2d(self, depth):
        a = self.finite(depth, TYPES[1:11])
        b = self.leaf(self.rng.choice(TYPES[1:11]), a.shape, True)
        (wx, nx, rx), (wy, ny, ry) = self.bins(), self.bins()
        x, y = a.value.astype("float64").ravel(), b.value.astype("float64").ravel()
        edges = [np.histogram_bin_edges(v, n, r) for v, n, r in ((x, nx, rx), (y, ny, ry))]
        value = np.histogram2d(x, y, edges)[0].astype("int64")
        return Expression(f"histogram2d {wx} {wy} {a.words} {b.words}", value, True, [a, b])

    def f_bincount(self, depth):
        n, least = self.rng.randint(0, 30), self.rng.choice([0, 0, 5, 40])
        x = np.array([self.rng.randint(0, 12) for _ in range(n)]).astype(self.rng.choice(TYPES[:9]))
        a = self.values(x)
        if self.rng.random() < 0.5:
            value = np.bincount(x.astype("int64"), minlength=least)
            return Expression(f"bincount {least} 0 {a.words}", value, True, [a])
        w = self.leaf(self.rng.choice(TYPES[:11]), (n,), True)
        value = np.bincount(x.astype("int64"), w.value.astype("float64"), least).astype("float64")
        return Expression(f"bincount {least} 1 {a.words} {w.words}", value, False, [a, w])

    def f_convolve(self, depth):
        a = self.any(depth)
        if a.value.ndim != 1 or a.scale > 1e6 or not np.isfinite(a.value.astype("complex128")).all():
            a = self.leaf(a.type.name, (self.rng.randint(1, 20),), True)
        b = self.leaf(None, (self.rng.randint(1, 9),), True)
        if a.value.size == 0:
            raise Unfit
        t = np.promote_types(a.type, b.type)
        mode = self.rng.randrange(3)
        value = np.convolve(a.value.astype(t), b.value.astype(t), ["full", "same", "valid"][mode])
        return Expression(f"convolve {mode} {a.words} {b.words}", value, kind(t) < 2, [a, b])

    def f_coarsen(self, depth):
        a = self.finite(depth, TYPES[1:])
        if a.value.size == 0 or a.value.ndim > 3:
            raise Unfit
        factors = [self.rng.randint(1, n) for n in a.shape]
        trim = int(any(n % f for n, f in zip(a.shape, factors)))
        x = a.value.astype("complex128" if kind(a.type) == 3 else "float64")
        x = x[tuple(slice(0, n // f * f) for n, f in zip(a.shape, factors))]
        x = x.reshape([m for n, f in zip(a.shape, factors) for m in (n // f, f)])
        value = x.mean(tuple(range(1, x.ndim, 2))) if x.ndim else x
        return Expression(f"coarsen {trim} {listed(factors)} {a.words}", value, False, [a])

    # --- orders

    @staticmethod
    def ordered(x):
        """What sorting makes of equal elements can be seen only of zeros, whose order NumPy leaves open."""
        if x.dtype.kind == "f" and len(set(np.signbit(x[x == 0]).tolist())) > 1:
            raise Unfit

    def f_sort(self, depth):
        name = self.rng.choice(["sort", "argsort"])
        a = self.exactly(self.any(depth, TYPES[:11]))
        axis = self.axis(a)
        if name == "sort":
            self.ordered(a.value)
        value = np.sort(a.value, axis) if name == "sort" else np.argsort(a.value, axis, kind="stable")
        return Expression(f"{name} {axis} {a.words}", value, True, [a])

    def f_long_sort(self, depth):
        """Of many chunks, with many equal elements."""
        name = self.rng.choice(["sort", "argsort"])
        n = self.rng.randint(20, 60)
        x = np.array([self.element("float64", self.rng.random() < 0.5) for _ in range(n)])
        x = x if self.rng.random() < 0.5 else np.round(x / 16)
        a = self.values(x)
        if name == "sort":
            self.ordered(x)
        value = np.sort(x) if name == "sort" else np.argsort(x, kind="stable")
        return Expression(f"{name} 0 {a.words}", value, True, [a])

    def f_argtopk(self, depth):
        a = self.exactly(self.any(depth, TYPES[:11]))
        axis = self.axis(a)
        if a.shape[axis] == 0:
            raise Unfit
        k = self.rng.choice([-1, 1]) * self.rng.randint(1, a.shape[axis])

        def first(line):
            # Ranks: equal elements have equal ones, NaN the last.
            ranks = np.unique(line, return_inverse=True)[1]
            return np.argsort(-ranks if k > 0 else ranks, kind="stable")[:abs(k)]

        value = np.apply_along_axis(first, axis, a.value).astype("int64") if a.value.size else np.take(
            np.zeros(a.shape, "int64"), range(abs(k)), axis)
        return Expression(f"argtopk {k} {axis} {a.words}", value, True, [a])

    def f_unique(self, depth):
        a = self.exactly(self.any(depth, TYPES[:11]))
        counts = self.rng.random() < 0.5
        self.ordered(a.value)
        value = np.unique(a.value, return_counts=True)[int(counts)]
        return Expression(f"unique {int(counts)} {a.words}", value, True, [a])

    def f_searchsorted(self, depth):
        a = self.exactly(self.any(depth, TYPES[:11]))
        b = self.leaf(self.rng.choice(TYPES[:11]), (self.rng.randint(0, 9),), True)
        t = np.promote_types(a.type, b.type)
        right = self.rng.random() < 0.5
        if self.rng.random() < 0.5:
            value = np.isin(a.value.astype(t), b.value.astype(t))
            return Expression(f"isin {a.words} {b.words}", value, True, [a, b])
        b = self.values(np.sort(b.value))
        value = np.searchsorted(b.value.astype(t), a.value.astype(t), "right" if right else "left")
        return Expression(f"searchsorted {int(right)} {b.words} {a.words}", value, True, [a, b])

    def f_nonzero(self, depth):
        a = self.exactly(self.any(depth))
        if a.value.ndim == 0:
            raise Unfit
        axis = self.rng.randrange(a.value.ndim)
        return Expression(f"nonzero {axis} {a.words}", np.nonzero(a.value)[axis], True, [a])

    # --- put together from others

    def f_arranged(self, depth):
        a = self.any(depth)
        self.axis(a)
        i, j = self.axis(a), self.axis(a)
        name = self.rng.choice(["moveaxis", "swapaxes"])
        return Expression(f"{name} {i} {j} {a.words}", getattr(np, name)(a.value, i, j), True, [a])

    def f_split(self, depth):
        a = self.any(depth)
        axis = self.axis(a)
        at = sorted(self.rng.randint(0, a.shape[axis]) for _ in range(self.rng.randint(0, 3)))
        which = self.rng.randint(0, len(at))
        return Expression(f"split {which} {listed(at)} {axis} {a.words}", np.split(a.value, at, axis)[which],
                          True, [a])

    def f_diag(self, depth):
        a = self.any(depth)
        k = self.rng.randint(-4, 4)
        if a.value.ndim not in (1, 2):
            raise Unfit
        if a.value.ndim == 2 and not -a.shape[0] <= k <= a.shape[1]:
            raise Unfit
        return Expression(f"diag {k} {a.words}", np.diag(a.value, k), True, [a])

    def f_triangle(self, depth):
        a = self.any(depth)
        k, lower = self.rng.randint(-4, 4), self.rng.random() < 0.5
        if a.value.ndim < 2:
            raise Unfit
        return Expression(f"triangle {int(lower)} {k} {a.words}", (np.tril if lower else np.triu)(a.value,
                                                            k), True, [a])

    def f_composed(self, depth):
        r = self.rng
        name = r.choice(["diff", "gradient", "cov", "trace", "outer", "average"])
        a = self.any(depth, TYPES[1:11] if name in ("outer", "average") else TYPES[1:])
        if a.scale > 1e6 or not np.isfinite(a.value).all():
            raise Unfit
        x = a.value.astype("complex128" if kind(a.type) == 3 else "float64")
        if name == "diff":
            n, axis = r.randint(0, 3), self.axis(a)
            return Expression(f"diff {n} {axis} {a.words}", np.diff(x, n, axis), False, [a])
        if name == "gradient":
            axis = self.axis(a)
            if a.shape[axis] < 2:
                raise Unfit
            return Expression(f"gradient {text(0.5)} {axis} {a.words}", np.gradient(x, 0.5, axis=axis),
                              False, [a])
        if name in ("cov", "trace"):
            if a.value.ndim != 2 or a.shape[1] < 2 or a.shape[0] < 2:
                raise Unfit
            return Expression(f"{name} {a.words}", getattr(np, name)(x), False, [a])
        if name == "outer":
            b = self.leaf("float64", None, True)
            return Expression(f"outer {a.words} {b.words}", np.outer(x, b.value), False, [a, b])
        words, axes = self.axes(a)
        w = self.values(np.array([r.randint(1, 5) for _ in range(x.size)], "float64").reshape(x.shape))
        if x.size == 0:
            raise Unfit
        return Expression(f"average {words} {a.words} {w.words}",
                          (x * w.value).sum(axes) / w.value.sum(axes), False, [a, w])

    def calm(self, depth, axes=None):
        """Finite numbers that are not large, as doubles."""
        a = self.any(depth, TYPES[1:11])
        if axes is not None and a.value.ndim != axes or a.scale > 1e6 or not np.isfinite(a.value).all():
            a = self.leaf(a.type.name, self.shape(axes), True)
        return a, a.value.astype("float64")

    def f_together(self, depth):
        r = self.rng
        name = r.choice(["ptp", "norm", "quantile", "dot", "corrcoef", "argwhere", "digitize", "diagonal",
                         "meshgrid", "block", "allclose", "linspace"])
        if name == "linspace":
            start, stop, n, end = r.randint(-9, 9) / 4, r.randint(-9, 9) / 4, r.randint(0, 9), r.randint(0, 1)
            return Expression(f"linspace {end} {text(start)} {text(stop)} {n}",
                              np.linspace(start, stop, n, bool(end)), False)
        if name == "meshgrid":
            lists = [self.leaf("float64", (r.randint(0, 4),), True) for _ in range(r.randint(1, 3))]
            which, order = r.randrange(len(lists)), r.randrange(2)
            value = np.meshgrid(*[e.value for e in lists], indexing=["xy", "ij"][order])[which]
            words = " ".join(e.words for e in lists)
            return Expression(f"meshgrid {which} {order} {len(lists)} {words}", value, True, lists)
        if name == "block":
            (m, n), (k, p) = [(r.randint(1, 3), r.randint(1, 3)) for _ in range(2)]
            parts = [self.leaf("float64", s) for s in ((m, n), (m, p), (k, n), (k, p))]
            value = np.block([[e.value for e in parts[:2]], [e.value for e in parts[2:]]])
            return Expression("block " + " ".join(e.words for e in parts), value, True, parts)
        if name == "diagonal":
            a, k = self.leaf(None, self.shape(2)), r.randint(-3, 3)
            if not -a.shape[0] <= k <= a.shape[1]:
                raise Unfit
            return Expression(f"diagonal {k} {a.words}", np.diagonal(a.value, k), True, [a])
        if name == "corrcoef":
            x = np.array([[r.random() for _ in range(r.randint(3, 3))] for _ in range(r.randint(1, 4))])
            a = self.values(x)
            return Expression(f"corrcoef {a.words}", np.atleast_2d(np.corrcoef(x)), False, [a])
        if name in ("digitize", "argwhere", "allclose"):
            a = self.exactly(self.any(depth, TYPES[1:11]))
            x = a.value.astype("float64")
            if name == "argwhere":
                if x.ndim == 0:
                    raise Unfit
                return Expression(f"argwhere {a.words}", np.argwhere(x), True, [a])
            if name == "allclose":
                b = a if r.random() < 0.5 else self.exactly(self.partner(a, 0, TYPES[1:11]))
                y = b.value.astype("float64")
                return Expression(f"allclose {a.words} {b.words}", np.allclose(x, y), True, [a, b])
            bins = sorted(r.randint(-20, 20) / 4 for _ in range(r.randint(0, 5)))
            right = r.randrange(2)
            words = " ".join([str(len(bins))] + [text(b) for b in bins])
            return Expression(f"digitize {right} {words} {a.words}", np.digitize(x, bins, bool(right)), True,
                              [a])
        a, x = self.calm(depth)
        if x.size == 0:
            raise Unfit
        if name == "dot":
            if x.ndim > 3:
                raise Unfit
            shape = ((x.shape[-1],) + self.shape(r.randint(0, 1)) if x.ndim else self.shape())
            if len(shape) == 2 and x.ndim:
                shape = r.choice([shape, (2,) + shape])
            b = self.leaf("float64", shape, True)
            return Expression(f"dot {a.words} {b.words}", np.dot(x, b.value), False, [a, b])
        if name == "quantile":
            axis, q = self.axis(a), [r.choice([0, 0.25, 0.5, 1, 0.335]) for _ in range(r.randint(1, 3))]
            value = np.moveaxis(np.quantile(x, q, axis=axis), 0, axis)
            words = " ".join([str(len(q))] + [text(p) for p in q])
            return Expression(f"quantile {words} {axis} {a.words}", value, False, [a])
        words, axes = self.axes(a)
        value = np.ptp(x, axes) if name == "ptp" else np.sqrt((x * x).sum(axes))
        return Expression(f"{name} {words} {a.words}", value, name == "ptp", [a])

    # --- shapes

    def f_reshape(self, depth):
        a = self.any(depth)
        n, shape = a.value.size, []
        if n == 0:
            raise Unfit
        while n > 1 and len(shape) < 3:
            d = self.rng.choice([d for d in range(1, n + 1) if n % d == 0])
            shape.append(d)
            n //= d
        if n > 1 or self.rng.random() < 0.3:
            shape.append(n)
        words = list(shape)
        if words and self.rng.random() < 0.3:
            words[self.rng.randrange(len(words))] = -1
        return Expression(f"reshape {listed(words)} {a.words}", a.value.reshape(shape), True, [a])

    def f_transpose(self, depth):
        a = self.any(depth)
        axes = list(range(a.value.ndim))
        self.rng.shuffle(axes)
        if self.rng.random() < 0.3:
            return Expression(f"transpose 0 {a.words}", a.value.T, True, [a])
        return Expression(f"transpose {listed(axes)} {a.words}", a.value.transpose(axes), True, [a])

    def f_flip(self, depth):
        a = self.any(depth)
        words, axes = self.axes(a)
        return Expression(f"flip {words} {a.words}", np.flip(a.value, axes), True, [a])

    def f_roll(self, depth):
        a = self.any(depth)
        axis, shift = self.axis(a), self.rng.randint(-12, 12)
        return Expression(f"roll {shift} {axis} {a.words}", np.roll(a.value, shift, axis), True, [a])

    def f_expand(self, depth):
        a = self.any(depth)
        axis = self.rng.randint(-a.value.ndim - 1, a.value.ndim)
        b = Expression(f"expand_dims {axis} {a.words}", np.expand_dims(a.value, axis), True, [a])
        if self.rng.random() < 0.3:
            return Expression(f"squeeze all {b.words}", np.squeeze(b.value), True, [a])
        return b

    def f_broadcast(self, depth):
        a = self.any(depth)
        shape = [self.rng.randint(1, 3) if n == 1 else n for n in a.shape]
        shape = [self.rng.randint(1, 3)] * self.rng.randint(0, 1) + shape
        return Expression(f"broadcast_to {listed(shape)} {a.words}", np.broadcast_to(a.value, shape), True,
                          [a])

    def f_joined(self, depth):
        a = self.any(depth)
        parts = [a]
        if self.rng.random() < 0.5:
            axis = self.axis(a)
            for _ in range(self.rng.randint(0, 2)):
                shape = list(a.shape)
                shape[axis] = self.rng.randint(0, 4)
                parts.append(self.leaf(a.type.name, tuple(shape)))
            name, value = "concatenate", np.concatenate([p.value for p in parts], axis)
        else:
            axis = self.rng.randint(-a.value.ndim - 1, a.value.ndim)
            for _ in range(self.rng.randint(0, 2)):
                parts.append(self.leaf(a.type.name, a.shape))
            name, value = "stack", np.stack([p.value for p in parts], axis)
        return Expression(f"{name} {axis} {len(parts)} " + " ".join(p.words for p in parts), value, True,
                          parts)

    def f_pad(self, depth):
        a = self.any(depth, TYPES[1:])
        mode = self.rng.randrange(5)
        name = ["constant", "edge", "reflect", "symmetric", "wrap"][mode]
        width = []
        for n in a.shape:
            most = 3 if mode == 0 else 0 if n == 0 else min(3, n - 1)
            if mode and n and self.rng.random() < 0.3:
                most = 3 * n + 2
            width.append((self.rng.randint(0, most), self.rng.randint(0, most)))
        extra = {"constant_values": 3} if mode == 0 else {}
        if mode < 2 or all(max(w) < n for w, n in zip(width, a.shape)):
            value = np.pad(a.value, width, mode=name, **extra) if width else a.value
        else:  # NumPy's own wide ones are wrong in some versions
            value = a.value
            for axis, ((before, after), n) in enumerate(zip(width, a.shape)):
                there = list(range(n))
                if n > 1 or mode > 2:
                    there += {2: there[-2:0:-1], 3: there[::-1], 4: []}[mode]
                if before + after:
                    places = [there[i % len(there)] for i in range(-before, n + after)]
                    value = np.take(value, places, axis)
        return Expression(f"pad {mode} {listed([n for w in width for n in w])} i 3 {a.words}", value, True,
                          [a])

    def f_tile(self, depth):
        a = self.any(depth)
        times = [self.rng.randint(0, 3) for _ in range(self.rng.randint(1, 3))]
        return Expression(f"tile {listed(times)} {a.words}", np.tile(a.value, times), True, [a])

    def f_repeat(self, depth):
        a = self.any(depth)
        axis, times = self.axis(a), self.rng.randint(0, 3)
        return Expression(f"repeat {times} {axis} {a.words}", np.repeat(a.value, times, axis), True, [a])

    def basic(self, shape):
        """Basic indices: words and NumPy's."""
        r, words, index = self.rng, [], []
        for n in shape:
            way = r.random()
            if r.random() < 0.1:
                words.append("new")
                index.append(None)
            if way < 0.2 and n:
                i = r.randint(-n, n - 1)
                words.append(f"at {i}")
                index.append(i)
            elif way < 0.4:
                words.append("all")
                index.append(slice(None))
            else:
                start, stop = (r.choice([None, r.randint(-n - 2, n + 2)]) for _ in range(2))
                step = r.choice([1, 1, 2, -1, -2, 3, 2 ** 63 - 1, -2 ** 63 + 1])
                bounds = " ".join("_" if n is None else str(n) for n in (start, stop))
                words.append(f"range {bounds} {step}")
                index.append(slice(start, stop, step))
        if r.random() < 0.15:
            cut = r.randint(0, len(words))
            named = sum(w != "new" for w in words[cut:])
            words, index = words[:cut] + ["dots"], index[:cut] + [Ellipsis]
            del named
        return words, tuple(index)

    def f_index(self, depth):
        a = self.any(depth)
        words, index = self.basic(a.shape)
        return Expression(f"index {len(words)} {' '.join(words)} {a.words}", a.value[index], True, [a])

    def f_lists(self, depth):
        a = self.any(depth)
        axis = self.axis(a) % a.value.ndim
        n = a.shape[axis]
        chosen = [self.rng.randint(-n, n - 1) for _ in range(self.rng.randint(0, 9))] if n else []
        words = ["all"] * axis + [f"list {listed(chosen)}"]
        value = np.take(a.value, np.array(chosen, "int64"), axis)
        return Expression(f"index {len(words)} {' '.join(words)} {a.words}", value, True, [a])

    def f_mask(self, depth):
        a = self.any(depth)
        if a.value.ndim == 0:
            raise Unfit
        if self.rng.random() < 0.5:
            mask, before = self.leaf("bool", a.shape), 0
            value = a.value[mask.value]
        else:
            before = self.rng.randrange(a.value.ndim)
            mask = self.leaf("bool", (a.shape[before],))
            value = a.value[tuple([slice(None)] * before + [mask.value])]
        words = ["all"] * before + [f"node {mask.words}"]
        return Expression(f"index {len(words)} {' '.join(words)} {a.words}", value, True, [a])

    def f_assign(self, depth):
        a = self.any(depth)
        value = a.value.copy()
        if self.rng.random() < 0.3 and a.value.ndim:
            mask = self.leaf("bool", a.shape)
            words, index = [f"node {mask.words}"], mask.value
        else:
            words, index = self.basic(a.shape)
        target = value[index] if not isinstance(index, np.ndarray) else value
        if isinstance(index, np.ndarray) or self.rng.random() < 0.3:
            n = self.rng.randint(0, 9)
            value[index] = n
            given, inputs = f"i {n}", [a]
        else:
            shape = tuple(1 if self.rng.random() < 0.3 else n for n in np.shape(target))
            b = self.leaf(a.type.name, shape)
            value[index] = b.value
            given, inputs = b.words, [a, b]
        return Expression(f"assign {len(words)} {' '.join(words)} {a.words} {given}", value, True, inputs)

    def advanced(self, shape):
        """Indices with lists, arrays of indices and masks among them: words and NumPy's."""
        r, words, index = self.rng, [], []
        together = tuple(r.randint(1, 3) for _ in range(r.choice([1, 1, 2])))
        axis = 0
        while axis < len(shape):
            n, way = shape[axis], r.random()
            if r.random() < 0.08:
                words.append("new")
                index.append(None)
            if way < 0.15 and n:
                i = r.randint(-n, n - 1)
                words.append(f"at {i}")
                index.append(i)
            elif way < 0.6 and n:
                some = tuple(1 if r.random() < 0.2 else m for m in together)[r.randint(0, len(together)):]
                some = some if r.random() < 0.4 else together
                places = np.array([r.randint(-n, n - 1) for _ in range(int(np.prod(some)))]).reshape(some)
                if len(some) == 1 and r.random() < 0.5:
                    words.append(f"list {listed(places)}")
                else:
                    words.append("node " + self.values(places.astype(r.choice(["int8", "int32", "int64"]))).words)
                index.append(places)
            elif way < 0.7:
                axes = r.randint(1, min(2, len(shape) - axis))
                mask = self.leaf("bool", shape[axis:axis + axes])
                words.append(f"node {mask.words}")
                index.append(mask.value)
                axis += axes - 1
            elif way < 0.85:
                words.append("all")
                index.append(slice(None))
            else:
                start, stop = r.randint(-n, n), r.randint(-n, n)
                step = r.choice([1, 2, -1])
                words.append(f"range {start} {stop} {step}")
                index.append(slice(start, stop, step))
            axis += 1
        if r.random() < 0.15:
            cut = r.randint(0, len(words))
            words.insert(cut, "dots")
            index.insert(cut, Ellipsis)
        return words, tuple(index)

    def f_advanced(self, depth):
        a = self.any(depth)
        words, index = self.advanced(a.shape)
        try:
            value = a.value[index]
        except IndexError:
            raise Unfit
        return Expression(f"index {len(words)} {' '.join(words)} {a.words}", value, True, [a])

    def f_assign_advanced(self, depth):
        a = self.any(depth)
        if self.rng.random() < 0.4 and a.value.ndim:
            mask = self.leaf("bool", a.shape)
            words, index = [f"node {mask.words}"], mask.value
        else:
            words, index = self.advanced(a.shape)
        value = a.value.copy()
        try:
            target = value[index].shape
        except IndexError:
            raise Unfit
        if self.rng.random() < 0.25:
            n = self.rng.randint(0, 9)
            value[index] = n
            given, inputs = f"i {n}", [a]
        else:
            shape = tuple(1 if self.rng.random() < 0.25 else n for n in target)
            b = self.leaf(a.type.name, shape[self.rng.choice([0, 0, self.rng.randint(0, len(shape))]):])
            if b.shape == a.shape and len(words) == 1:
                raise Unfit  # each element that is set becomes the one at its place
            value[index] = b.value
            given, inputs = b.words, [a, b]
        return Expression(f"assign {len(words)} {' '.join(words)} {a.words} {given}", value, True, inputs)

    # --- from nothing

    def f_arange(self, depth):
        r = self.rng
        t = np.dtype(r.choice(INTEGERS + REALS))
        size = r.randint(1, 5)
        if t.kind in "iu":
            limits = np.iinfo(t)
            start = r.choice([0, r.randint(0, 9), limits.max - 20, limits.min])
            step = r.choice([1, 2, 3])
            stop = min(limits.max, start + step * r.randint(0, 12))
            if r.random() < 0.3 and t.kind == "i":
                start, stop, step = stop, start, -step
            value = np.array(range(start, stop, step), dtype=t)
            words = " ".join((f"u {n}" if n > 2 ** 63 - 1 else f"i {n}") for n in (start, stop, step))
        else:
            start, step = r.randint(-20, 20) / 4, r.choice([0.25, 0.5, -0.75, 2.0])
            stop = start + step * r.randint(0, 12)
            value = np.arange(start, stop, step).astype(t)
            words = " ".join("d " + text(n) for n in (start, stop, step))
        return Expression(f"arange {t.name} {words} {size}", value)

    def f_full(self, depth):
        t = self.rng.choice(TYPES)
        shape, n = self.shape(), self.rng.randint(0, 5)
        return Expression(f"full {t} {listed(shape)} i {n}", np.full(shape, n, t))

    def f_eye(self, depth):
        t = self.rng.choice(TYPES)
        n, m, k = self.rng.randint(0, 6), self.rng.randint(0, 6), self.rng.randint(-3, 3)
        return Expression(f"eye {t} {n} {m} {k}", np.eye(n, m, k, t))

    # --- linear algebra and transforms

    def matrix(self, depth, rows=None, types=None):
        a = self.any(depth, types)
        if a.value.ndim == 2 and (rows is None or a.shape[0] == rows) and a.scale < 1e6:
            return a
        return self.leaf(a.type.name, (rows if rows is not None else self.rng.randint(1, 6),
                                       self.rng.randint(1, 6)), True)

    def f_matmul(self, depth):
        a = self.matrix(depth)
        b = self.matrix(0, a.shape[1])
        t = np.promote_types(a.type, b.type)
        value = np.matmul(a.value.astype(t), b.value.astype(t))
        return Expression(f"matmul {a.words} {b.words}", value, kind(t) < 2, [a, b])

    def f_batched(self, depth):
        r = self.rng
        batch = tuple(r.randint(0 if r.random() < 0.1 else 1, 3) for _ in range(r.randint(0, 2)))
        m, k, n = (r.randint(0 if r.random() < 0.05 else 1, 4) for _ in range(3))

        def one(shape):
            some = tuple(1 if r.random() < 0.3 else b for b in batch)[r.randint(0, len(batch)):]
            return self.leaf(None, some + shape, True)

        a = one((m, k)) if r.random() < 0.8 else self.leaf(None, (k,), True)
        b = one((k, n)) if r.random() < 0.8 else self.leaf(None, (k,), True)
        t = np.promote_types(a.type, b.type)
        value = np.matmul(a.value.astype(t), b.value.astype(t))
        return Expression(f"matmul {a.words} {b.words}", value, kind(t) < 2, [a, b])

    def f_einsum(self, depth):
        r = self.rng
        extents = {c: r.randint(1, 3) for c in "ijkAB"}
        dots = [r.randint(1, 3) for _ in range(r.choice([0, 0, 1, 2]))]
        terms, operands = [], []
        for _ in range(r.choice([1, 2, 2, 3])):
            letters = [r.choice("ijkAB") for _ in range(r.randint(0 if dots else 1, 3))]
            shape = [extents[c] for c in letters]
            if dots and r.random() < 0.7:
                at = r.randint(0, len(letters))
                mine = [1 if r.random() < 0.2 else d for d in dots][r.randint(0, len(dots)):]
                shape = shape[:at] + mine + shape[at:]
                letters.insert(at, "...")
            terms.append("".join(letters))
            operands.append(self.leaf(r.choice(TYPES[1:] if r.random() < 0.5 else ["int64", "float64"]),
                                      tuple(shape), True))
        subscripts = ",".join(terms)
        if r.random() < 0.6:
            out = [c for c in "ijkAB" if any(c in term for term in terms) and r.random() < 0.5]
            r.shuffle(out)
            if "..." in subscripts:
                out.insert(r.randint(0, len(out)), "...")
            subscripts += "->" + "".join(out)
        if not subscripts:
            raise Unfit
        t = operands[0].type
        for e in operands:
            t = np.promote_types(t, e.type)
        try:
            value = np.einsum(subscripts, *[e.value.astype(t) for e in operands])
        except ValueError:
            raise Unfit
        if r.random() < 0.2:
            subscripts = subscripts.replace(",", ",_")
        return Expression(f"einsum {subscripts} {len(operands)} " + " ".join(e.words for e in operands),
                          value, kind(t) < 2, operands)

    def f_determinant(self, depth):
        n = self.rng.randint(0, 5)
        a = self.leaf(self.rng.choice(REALS), (n, n), True)
        if n > 1 and self.rng.random() < 0.2:
            a = self.values(np.where(np.arange(n) == 1, 0, a.value).astype(a.type))  # singular, exactly
        which = self.rng.randrange(3)
        sign, logarithm = np.linalg.slogdet(a.value)
        value = [sign, logarithm, np.linalg.det(a.value)][which]
        if which < 2 and sign and logarithm < -3:
            raise Unfit  # singular but for rounding
        return Expression(f"determinant {which} {a.words}", value, False, [a])

    def f_eigh(self, depth):
        n = self.rng.randint(0, 5)
        x = self.leaf(self.rng.choice(REALS), (n, n), True).value
        x = np.tril(x) + np.tril(x, -1).T
        a = self.values(x)
        if self.rng.random() < 0.5:
            return Expression(f"eigenvalues {a.words}", np.linalg.eigvalsh(x), False, [a])
        return Expression(f"eigenvectors {a.words}", x, False, [a])

    def f_tensordot(self, depth):
        a = self.any(depth)
        if a.value.ndim == 0 or a.value.ndim > 3 or a.scale > 1e6:
            raise Unfit
        count = self.rng.randint(1, min(2, a.value.ndim))
        of_a = self.rng.sample(range(a.value.ndim), count)
        shape = [a.shape[i] for i in of_a] + [self.rng.randint(1, 3)]
        b = self.leaf(None, tuple(shape), True)
        t = np.promote_types(a.type, b.type)
        if t == bool:
            raise Unfit
        value = np.tensordot(a.value.astype(t), b.value.astype(t), (of_a, list(range(count))))
        return Expression(f"tensordot {listed(of_a)} {listed(range(count))} {a.words} {b.words}", value,
                          kind(t) < 2, [a, b])

    def f_solve(self, depth):
        n = self.rng.randint(1, 6)
        t = self.rng.choice(REALS)
        a = self.leaf(t, (n, n), True)
        a = self.values(a.value + (np.eye(n) * 100).astype(t))
        if self.rng.random() < 0.3:
            return Expression(f"inv {a.words}", np.linalg.inv(a.value), False, [a])
        b = self.leaf(t, (n, self.rng.randint(1, 4)) if self.rng.random() < 0.5 else (n,), True)
        return Expression(f"solve {a.words} {b.words}", np.linalg.solve(a.value, b.value), False, [a, b])

    def rows(self, a):
        """The words of a matrix in chunks of rows."""
        sizes, left = [], a.shape[0]
        while left:
            sizes.append(self.rng.randint(1, left))
            left -= sizes[-1]
        return f"rechunk 2 {listed(sizes)} {listed([a.shape[1]])} {a.words}"

    def f_factors(self, depth):
        r = self.rng
        n = r.randint(1, 5)
        m = n + r.randint(0, 6)
        t = r.choice(REALS)
        x = (np.array([[r.randint(-20, 20) for _ in range(n)] for _ in range(m)]) / 4).astype(t)
        name = r.choice(["qr", "svd", "svd_compressed", "singular_values", "cholesky", "lstsq"])
        if name == "cholesky":
            a = self.values((x.T @ x + 10 * np.eye(n)).astype(t))
            size = r.randint(1, n)
            cuts = listed([size] * (n // size) + [n % size] * bool(n % size))
            value = np.linalg.cholesky(a.value)
            return Expression(f"cholesky rechunk 2 {cuts} {cuts} {a.words}", value, False, [a])
        if name == "lstsq":
            a = self.values(x + 20 * np.eye(m, n).astype(t))
            b = self.leaf(t, (m, r.randint(1, 3)) if r.random() < 0.5 else (m,), True)
            value = np.linalg.lstsq(a.value, b.value, None)[0]
            return Expression(f"lstsq {self.rows(a)} {b.words}", value, False, [a, b])
        a = self.values(x)
        if name == "svd_compressed":
            return Expression(f"svd {n} {self.rows(a)}", x, False, [a])
        if name == "singular_values":
            return Expression(f"{name} {self.rows(a)}", np.linalg.svd(x, compute_uv=False), False, [a])
        return Expression(f"{name} {'0 ' if name == 'svd' else ''}{self.rows(a)}", x, False, [a])

    def f_fftn(self, depth):
        a = self.any(depth)
        if self.rng.random() < 0.3:
            axis, front = self.axis(a), self.rng.randrange(2)
            value = (np.fft.fftshift if front else np.fft.ifftshift)(a.value, axis)
            return Expression(f"fftshift {front} {axis} {a.words}", value, True, [a])
        if a.value.size == 0 or a.value.ndim == 0 or a.scale > 1e6 or not np.isfinite(a.value).all():
            raise Unfit
        words, axes = self.axes(a)
        form = self.rng.randrange(2)
        t = "complex64" if real_of(a.type) == np.float32 else "complex128"
        value = [np.fft.fftn, np.fft.ifftn][form](a.value.astype("complex128"), axes=axes).astype(t)
        return Expression(f"fftn {form} {words} {a.words}", value, False, [a])

    def f_fft(self, depth):
        a = self.any(depth)
        axis = self.axis(a)
        if a.shape[axis] < 1 or a.scale > 1e6 or not np.isfinite(a.value).all():
            raise Unfit
        n = self.rng.randint(1, 9) if self.rng.random() < 0.5 else None
        forms = [0, 1] + ([2] if kind(a.type) < 3 else [3] if n or a.shape[axis] > 1 else [])
        form = self.rng.choice(forms)
        function = [np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft][form]
        single = real_of(a.type) == np.float32
        t = np.dtype([["complex128", "complex64"], ["float64", "float32"]][form == 3][single])
        value = function(a.value.astype(real_of(a.type) if form == 2 else "complex128"), n, axis).astype(t)
        return Expression(f"fft {form} {axis} {n or -1} {a.words}", value, False, [a])


# --- running and comparing

def answers(path, count):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    for _ in range(count):
        if data[at] == 0:
            n = struct.unpack_from("<I", data, at + 1)[0]
            yield data[at + 5:at + 5 + n].decode(errors="replace")
            at += 5 + n
            continue
        t, axes = np.dtype(TYPES[data[at + 1]]), data[at + 2]
        shape = struct.unpack_from(f"<{axes}q", data, at + 3)
        at += 3 + 8 * axes
        n = int(np.prod(shape)) if axes else 1
        yield np.frombuffer(data, t, n, at).reshape(shape)
        at += n * t.itemsize


def difference(expected, got):
    """What is wrong, or nothing."""
    value = expected.value
    if isinstance(got, str):
        return "it says: " + got
    if got.dtype != value.dtype:
        return f"the type is {got.dtype}, should be {value.dtype}"
    if got.shape != value.shape:
        return f"the shape is {got.shape}, should be {value.shape}"
    if kind(value.dtype) < 2 or expected.exact:
        same = (got == value) | ((got != got) & (value != value))
    else:
        single = real_of(value.dtype) == np.float32 or "float32" in expected.words
        single = single or "complex64" in expected.words
        bound = (1e-4 if single else 1e-9) * expected.scale + (1e-3 if single else 1e-7) * np.abs(value)
        with np.errstate(all="ignore"):
            same = (np.abs(got - value) <= bound) | (got == value)
        same |= (got != got) & (value != value)
    if kind(value.dtype) == 3:  # what infinity times a complex number is, is a matter of taste
        same |= ~np.isfinite(got) & ~np.isfinite(value)
    if np.all(same):
        return None
    where = tuple(int(i[0]) for i in np.nonzero(~np.atleast_1d(same)))
    return f"at {where} it is {np.atleast_1d(got)[where]!r}, should be {np.atleast_1d(value)[where]!r}"


def run(arguments, expressions):
    with tempfile.TemporaryDirectory(prefix="weir-fuzz-") as folder:
        asked, given = os.path.join(folder, "expressions"), os.path.join(folder, "answers")
        with open(asked, "w") as file:
            for e in expressions:
                file.write(e.words + "\n")
        command = [arguments.program, asked, given]
        if arguments.on == "ranks":
            command = [arguments.weir, "run", "-n", "3"] + command
        done = subprocess.run(command, timeout=arguments.timeout)
        if done.returncode != 0:
            count = len(list(answers(given, 0)))
            sys.exit(f"the program ended with status {done.returncode} ({count} answers)")
        return list(answers(given, len(expressions)))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--weir")
    parser.add_argument("--on", choices=["threads", "ranks"], default="threads")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", help="functions whose name fits this expression")
    parser.add_argument("--timeout", type=float, default=3000)
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2 ** 32)
    rng = random.Random(seed)
    maker = Maker(rng)
    if arguments.only:
        maker.functions = [f for f in maker.functions if re.search(arguments.only, f.__name__)]
    expressions = [maker.build(rng.randint(1, 4)) for _ in range(arguments.count)]
    wrong = 0
    for i, (expected, got) in enumerate(zip(expressions, run(arguments, expressions))):
        problem = difference(expected, got)
        if problem:
            wrong += 1
            if wrong <= 30:
                print(f"{i}: {expected.words[:1500]}\n    {problem}")
    print(f"{arguments.count} expressions on {arguments.on}, seed {seed}: {wrong} differ from NumPy")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
