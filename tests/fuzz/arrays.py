#!/usr/bin/python3
"""Random expressions over every array function, element type and chunking, against NumPy.

    arrays.py --program FUZZ_ARRAYS [--count 500] [--seed N] [--on threads|ranks --weir WEIR] [--only NAME]

Each expression is built together with what NumPy says of it. All of a run are computed by one process (or
three ranks). Prints what differs and the seed; status 1 if something does.
"""
import argparse
import math
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


def must_fit(t, f, *operands):
    """Integers that may leave their type are an error, where NumPy's wrap around."""
    if kind(t) != 1:
        return
    bound = np.asarray(f(*(np.abs(x.astype("float64")) + 1 for x in operands)))
    if bound.size and bound.max() >= 0.999 * float(np.iinfo(t).max):
        raise Unfit


def real_of(t):
    return {"complex64": np.dtype("float32"), "complex128": np.dtype("float64")}.get(np.dtype(t).name,
                                                            np.dtype(t))


class Expression:
    """Words for the program and NumPy's result.

    `exact`: every bit is known, and (`zeros`) the sign of zeros, which NumPy leaves open where it chooses
    among equal ones; `scale`: the largest number met; `error`: what the sentence has that there must be."""

    def __init__(self, words, value, exact=True, inputs=(), zeros=True, error=None):
        self.words = words
        self.value = np.asarray(value)
        self.exact = exact and all(e.exact for e in inputs)
        self.zeros = self.value.dtype.kind not in "fc" or zeros and all(e.zeros for e in inputs)
        self.error = error
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
        self.named = []  # arrays that the expression has in several places

    # --- arrays from nothing

    def shape(self, axes=None, most=7):
        r = self.rng
        if axes is None and most == 7 and r.random() < 0.03:  # long enough for what is done another way then
            return (r.randint(2000, 2900),) if r.random() < 0.5 else (r.randint(8, 60), r.randint(8, 45))
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
                                 np.finfo(t).tiny, -0.0])
            if r.random() < 0.02:
                return -0.0
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
        fits = [e for e in self.named if types is None or e.type.name in types]
        if fits and self.rng.random() < 0.3:
            return self.rng.choice(fits)
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

    def sharing(self, depth):
        """An expression that has one or two arrays in several places: beside what is made of them, or in it."""
        r = self.rng
        shared = [self.build(r.randint(1, 2)) for _ in range(r.randint(1, 2))]
        words = " ".join(f"{r.randint(0, 2)} {e.words}" for e in shared)
        self.named = [Expression(f"named {i}", e.value, e.exact, [e], e.zeros) for i, e in enumerate(shared)]
        for _ in range(20):
            e = self.build(depth)
            if e.words.count("named ") > 1:
                break
        self.named = []
        e.words = f"with {len(shared)} {words} {e.words}"
        return e

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

    def signed(self, *inputs):
        """Where the sign of zeros makes another number: it must be known."""
        for e in inputs:
            if e.type.kind in "fc" and not (e.zeros and e.exact) and (e.value == 0).any():
                raise Unfit

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
        return Expression(f"{name} {words}", getattr(np, name)(x, y), True, inputs, zeros=False)

    def f_quotient(self, depth):
        name = self.rng.choice(["floor_divide", "mod"])
        words, x, y, inputs = self.pair(depth, TYPES[1:11])
        for e in inputs:
            self.exactly(e)
        self.signed(*inputs)
        t = np.promote_types(x.dtype, y.dtype)
        return Expression(f"{name} {words}", getattr(np, name)(x, y).astype(t), True, inputs)

    def f_divide(self, depth):
        words, x, y, inputs = self.pair(depth)
        self.signed(*inputs)
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
            self.signed(*inputs)
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
        return Expression(f"clip {a.words} i {low} i {high}", value.astype(a.type), True, [a], zeros=False)

    def f_isclose(self, depth):
        a = self.exactly(self.any(depth))
        b = self.exactly(self.partner(a, 0)) if self.rng.random() < 0.5 else self.values(a.value)
        t = floating(np.promote_types(a.type, b.type))
        nan = self.rng.random() < 0.5
        rtol, atol = self.rng.choice([(1e-5, 1e-8), (0, 0), (0.25, 0), (0, 0.5), (1e-5, 8)])
        value = np.isclose(a.value.astype(t), b.value.astype(t), rtol, atol, equal_nan=nan)
        if np.issubdtype(t, np.complexfloating):  # NumPy 1 makes a NaN of an infinity with an imaginary part
            value = value | (a.value.astype(t) == b.value.astype(t))
        return Expression(f"isclose {int(nan)} {text(rtol)} {text(atol)} {a.words} {b.words}", value, True, [a, b])

    def f_logical(self, depth):
        name = self.rng.choice(["logical_and", "logical_or"])
        a = self.exactly(self.any(depth, TYPES[:11]))
        b = self.exactly(self.partner(a, depth, TYPES[:11]))
        return Expression(f"{name} {a.words} {b.words}", getattr(np, name)(a.value, b.value), True, [a, b])

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
        if self.rng.random() < 0.5:
            value = np.nan_to_num(a.value, nan=-1.5, posinf=7, neginf=-9)
            return Expression(f"nan_to_num {text(-1.5)} 1 {text(7)} {text(-9)} {a.words}", value, True, [a])
        return Expression(f"nan_to_num {text(2.5)} 0 0 0 {a.words}", np.nan_to_num(a.value, nan=2.5), True, [a])

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
                                "atanh", "erf", "reciprocal"])
        a = self.any(depth, TYPES[:11])
        if name in ("sin", "cos", "tan") and a.scale > 1e6:
            raise Unfit
        if not a.exact and name not in ("atan", "tanh", "asinh", "sin", "cos", "erf"):
            raise Unfit  # near a pole, or at the border of what is defined
        if name == "reciprocal":
            self.signed(a)
        x = a.value.astype(floating(a.type))
        numpy = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
                 "atanh": "arctanh"}.get(name, name)
        if name == "erf":
            value = np.array([math.erf(v) for v in x.ravel().tolist()]).reshape(x.shape)
        else:
            value = getattr(np, numpy)(x) if name != "reciprocal" else 1 / x
        return Expression(f"{name} {a.words}", value.astype(x.dtype), name in ("sqrt", "reciprocal"), [a])

    def f_part(self, depth):
        name = self.rng.choice(["real", "imag", "angle"])
        a = self.any(depth, TYPES[1:])
        if name == "angle":
            self.signed(self.exactly(a))
        x = a.value.astype(floating(a.type))
        # Of one float NumPy's angle is double.
        value = np.asarray(getattr(np, name)(x)).astype(real_of(x.dtype))
        return Expression(f"{name} {a.words}", value, name != "angle", [a])

    def f_test(self, depth):
        name = self.rng.choice(["isnan", "isinf", "isfinite", "signbit", "logical_not"])
        a = self.exactly(self.any(depth, REALS if name == "signbit" else None))
        if name == "signbit":
            self.signed(a)
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
                if not clip:
                    raise Unfit
                self.exactly(a)
                most = np.finfo("float32").max
                parts = [np.where(np.isfinite(p), np.clip(p, -most, most), p) for p in (x.real, x.imag)]
                value = (parts[0] + 1j * parts[1] if kind(t) == 3 else parts[0]).astype(t)
                if kind(t) == 3 and not np.isfinite(x).all():
                    raise Unfit  # infinity times i
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
            must_fit(summed(a.type), lambda x: getattr(np, name)(x, axis=axes), x)
            value = value.astype(summed(a.type))
        exact = order or name in ("any", "all",
                                  "count_nonzero") or kind(a.type) < 2 and name.endswith(("sum", "prod"))
        return Expression(f"{name} {words} {int(keep)} {text(ddof)} {a.words}", value, exact, [a], zeros=not order)

    def f_cumulative(self, depth):
        name = self.rng.choice(["cumsum", "cumprod"])
        a = self.any(depth)
        if a.scale > 1e6:
            raise Unfit
        axis = self.axis(a)
        must_fit(summed(a.type), lambda x: getattr(np, name)(x, axis=axis), a.value)
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
        return Expression(f"topk {k} {axis} {a.words}", value, True, [a], zeros=False)

    def f_histogram(self, depth):
        a = self.exactly(self.any(depth, TYPES[1:11]))
        edges = sorted(self.rng.randint(-40, 40) / 4 for _ in range(self.rng.randint(2, 6)))
        if self.rng.random() < 0.2:
            edges = sorted(edges + edges[:2] + edges[-1:])  # bins of no width
        x = a.value.astype("float64")
        value = np.histogram(x[~np.isnan(x)], edges)[0]
        words = " ".join([str(len(edges))] + [text(e) for e in edges])
        return Expression(f"histogram {words} {a.words}", value.astype("int64"), True, [a])

    def f_percentile(self, depth):
        a = self.any(depth, TYPES[1:11])
        along, axes = self.axes(a)
        if a.value.size == 0 or np.isinf(a.value).any() or a.scale > 1e15:
            raise Unfit
        methods = ["linear", "lower", "higher", "nearest", "midpoint"]
        method = self.rng.choice(methods)
        # Where a place is exact, so that both find the same elements.
        q = [self.rng.choice([0, 25, 50, 100, 33.5 if method == "linear" else 12.5])
             for _ in range(self.rng.randint(1, 3))]
        value = np.percentile(a.value.astype("float64"), q, axis=axes, method=method)
        words = " ".join([str(len(q))] + [text(p) for p in q])
        return Expression(f"percentile {words} {along} {methods.index(method)} {a.words}", value, False, [a])

    def f_nan_order(self, depth):
        a = self.any(depth, TYPES[1:11])
        along, axis = self.axes(a)
        if a.value.size == 0 or np.isinf(a.value).any() or a.scale > 1e15:
            raise Unfit
        x, name = a.value.astype("float64"), self.rng.choice(["nanpercentile", "median"])
        if name == "median":
            skip = int(self.rng.random() < 0.6)
            value = (np.nanmedian if skip else np.median)(x, axis)
            return Expression(f"median {skip} {along} {a.words}", value, False, [a])
        q = [self.rng.choice([0, 25, 50, 100, 33.5]) for _ in range(self.rng.randint(1, 3))]
        value = np.nanpercentile(x, q, axis=axis)
        if self.rng.random() < 0.3:
            words = " ".join([str(len(q))] + [text(p / 100) for p in q])
            return Expression(f"nanquantile {words} {along} {a.words}", value, False, [a])
        words = " ".join([str(len(q))] + [text(p) for p in q])
        return Expression(f"nanpercentile {words} {along} 0 {a.words}", value, False, [a])

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
        must_fit(t, np.convolve, a.value, b.value)
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
        parts = self.rng.randint(1, 4)
        if a.shape[axis] % parts == 0 and self.rng.random() < 0.5:
            which = self.rng.randrange(parts)
            return Expression(f"split_even {which} {parts} {axis} {a.words}",
                              np.split(a.value, parts, axis)[which], True, [a])
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
        if name == "trace":
            k, i, j = self.two_axes(a)
            return Expression(f"trace {k} {i} {j} {a.words}", np.trace(x, k, i, j), False, [a])
        if name == "cov":
            if a.value.ndim != 2 or a.shape[1] < 2 or a.shape[0] < 2:
                raise Unfit
            ddof = r.choice([0, 1, 1, 1.5])
            apart = x - x.mean(1, keepdims=True)  # NumPy's ddof is whole
            value = apart @ apart.conj().T / (a.shape[1] - ddof)
            return Expression(f"cov {text(ddof)} {a.words}", value, False, [a])
        if name == "outer":
            b = self.leaf("float64", None, True)
            return Expression(f"outer {a.words} {b.words}", np.outer(x, b.value), False, [a, b])
        words, axes = self.axes(a)
        if x.size == 0:
            raise Unfit
        if r.random() < 0.4 and x.ndim:  # a list along an axis
            axis = self.axis(a)
            w = self.values(np.array([r.randint(1, 5) for _ in range(x.shape[axis])], "float64"))
            return Expression(f"average {listed([axis])} {a.words} {w.words}", np.average(x, axis, w.value),
                              False, [a, w])
        w = self.values(np.array([r.randint(1, 5) for _ in range(x.size)], "float64").reshape(x.shape))
        return Expression(f"average {words} {a.words} {w.words}",
                          (x * w.value).sum(axes) / w.value.sum(axes), False, [a, w])

    def two_axes(self, e):
        """Which diagonal of which two axes."""
        if e.value.ndim < 2:
            raise Unfit
        i, j = self.rng.sample(range(e.value.ndim), 2)
        k = self.rng.randint(-3, 3)
        if not -e.shape[i] <= k <= e.shape[j]:
            raise Unfit
        return k, i - e.value.ndim * self.rng.randrange(2), j

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
            a = self.any(depth)
            k, i, j = self.two_axes(a)
            return Expression(f"diagonal {k} {i} {j} {a.words}", np.diagonal(a.value, k, i, j), True, [a])
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
            value = np.quantile(x, q, axis=axis)
            words = " ".join([str(len(q))] + [text(p) for p in q])
            return Expression(f"quantile {words} 1 {axis} {a.words}", value, False, [a])
        words, axes = self.axes(a)
        value = np.ptp(x, axes) if name == "ptp" else np.sqrt((x * x).sum(axes))
        return Expression(f"{name} {words} {a.words}", value, name == "ptp", [a], zeros=False)

    # --- functions of users

    def numbers(self, depth):
        """Doubles of which every bit is known."""
        a = self.exactly(self.any(depth, TYPES[1:11]))
        if a.scale > 1e15 or not np.isfinite(a.value).all():
            a = self.leaf("float64", None, True)
        return a, a.value.astype("float64")

    def f_map_blocks(self, depth):
        a, x = self.numbers(depth)
        shape = tuple(1 if self.rng.random() < 0.3 else n for n in x.shape)
        b = self.leaf("float64", shape[self.rng.randint(0, len(shape)):], True)
        value = x * 2 - b.value + (np.arange(x.shape[-1]) if x.ndim else 0)
        return Expression(f"map_blocks {a.words} {b.words}", value, True, [a, b])

    def f_map_overlap(self, depth):
        r = self.rng
        a, x = self.numbers(depth)
        axis = self.axis(a) % x.ndim
        n, boundary, constant = x.shape[axis], r.randrange(5), r.randint(-3, 3)
        before, after, steps = r.randint(0, min(3, n)), r.randint(0, min(3, n)), r.randint(1, 3)
        words = f"map_overlap {steps} {axis} {before} {after} {boundary} {text(constant)} {a.words}"

        def neighbour(x, by):
            at = np.arange(n) + by
            inside = (at >= 0) & (at < n)
            if boundary == 1:
                at = at % n
            elif boundary == 2:
                at = np.where(at < 0, -1 - at, np.where(at >= n, 2 * n - 1 - at, at))
            else:
                at = np.clip(at, 0, max(0, n - 1))
            value = np.take(x, at, axis)
            if boundary == 4:
                where = inside.reshape([n if k == axis else 1 for k in range(x.ndim)])
                value = np.where(where, value, constant)
            return value

        if n:
            for _ in range(steps):
                x = neighbour(x, -before) - 2 * neighbour(x, after)
        return Expression(words, x, True, [a])

    def f_user_reduction(self, depth):
        a, x = self.numbers(depth)
        words, axes = self.axes(a)
        keep = self.rng.randrange(2)
        return Expression(f"reduction {words} {keep} {a.words}", np.square(x).sum(axes, keepdims=bool(keep)),
                          False, [a])

    def f_along_axis(self, depth):
        a, x = self.numbers(depth)
        axis = self.axis(a)
        length = self.rng.randint(0, x.shape[axis])
        value = np.take(np.flip(x, axis), range(length), axis)
        return Expression(f"apply_along_axis {axis} {length} {a.words}", value, True, [a])

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
                parts.append(self.leaf(a.type.name if self.rng.random() < 0.6 else None, tuple(shape)))
            name, value = "concatenate", np.concatenate([p.value for p in parts], axis)
        else:
            axis = self.rng.randint(-a.value.ndim - 1, a.value.ndim)
            for _ in range(self.rng.randint(0, 2)):
                parts.append(self.leaf(a.type.name if self.rng.random() < 0.6 else None, a.shape))
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
                    types = ["int32", "int64"] + ["int8"] * (int(np.abs(places).max(initial=0)) < 128)
                    words.append("node " + self.values(places.astype(r.choice(types))).words)
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

    def f_like(self, depth):
        """The same number in some shape."""
        r = self.rng
        name = r.choice(["full_like", "zeros", "ones", "from_function", "from_futures"])
        if name == "full_like":
            a, n = self.any(depth), r.choice([0, 1, 2, 5])
            return Expression(f"full_like {n} {a.words}", np.full_like(a.value, n))
        if name == "from_futures":
            a, x = self.numbers(depth)
            return Expression(f"from_futures {a.words}", x, True, [a])
        shape = self.shape()
        if name == "from_function":
            value = np.arange(np.prod(shape), dtype="float64").reshape(shape)
            return Expression(f"from_function {listed(shape)} {self.chunks(shape)}", value)
        return Expression(f"{name} {listed(shape)}",
                          np.zeros(shape, "float32") if name == "zeros" else np.ones(shape, "int16"))

    def f_random(self, depth):
        """The same numbers in all chunks, within their bounds and of their type."""
        r = self.rng
        kind_of, seed = r.randrange(8), r.randrange(2 ** 62)
        t, shape = "int64", self.shape()
        a, b = r.randint(-5, 5), r.randint(6, 100)
        if kind_of in (0, 1, 2, 4):
            t = r.choice(REALS)
            if kind_of:
                a, b = abs(a) / 4, 1
        elif kind_of == 3:
            t = r.choice(INTEGERS + REALS)
            a = a if t[0] != "u" else abs(a)
        elif kind_of == 5:
            a = r.choice([0, 0.5, 3, 40, 1e6])
        elif kind_of == 6:
            t, a = "bool", r.choice([0, 0.25, 1])
        else:
            shape = self.shape(1)
        words = f"random {kind_of} {t} {seed} {text(a)} {text(b)} {listed(shape)}"
        return Expression(f"{words} {self.chunks(shape)} {self.chunks(shape)}", np.ones(shape, bool))

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
        must_fit(t, np.matmul, a.value, b.value)
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
        must_fit(t, np.matmul, a.value, b.value)
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
            must_fit(t, lambda *x: np.einsum(subscripts, *x), *[e.value for e in operands])
            value = np.einsum(subscripts, *[e.value.astype(t) for e in operands])
        except ValueError:
            raise Unfit
        if r.random() < 0.2:
            subscripts = subscripts.replace(",", ",_")
        return Expression(f"einsum {subscripts} {len(operands)} " + " ".join(e.words for e in operands),
                          value, kind(t) < 2, operands)

    def f_determinant(self, depth):
        n = self.rng.randint(0, 5)
        batch = tuple(self.rng.randint(0, 3) for _ in range(self.rng.choice([0, 0, 1, 2])))
        a = self.leaf(self.rng.choice(REALS), batch + (n, n), True)
        if n > 1 and self.rng.random() < 0.2:
            a = self.values(np.where(np.arange(n) == 1, 0, a.value).astype(a.type))  # singular, exactly
        which = self.rng.randrange(3)
        sign, logarithm = np.linalg.slogdet(a.value)
        value = [sign, logarithm, np.linalg.det(a.value)][which]
        if which < 2 and np.any((sign != 0) & (logarithm < -3)):
            raise Unfit  # singular but for rounding
        return Expression(f"determinant {which} {a.words}", value, False, [a])

    def f_eigh(self, depth):
        n = self.rng.randint(0, 5)
        batch = tuple(self.rng.randint(0, 3) for _ in range(self.rng.choice([0, 0, 1, 2])))
        x = self.leaf(self.rng.choice(REALS), batch + (n, n), True).value
        x = np.tril(x) + np.swapaxes(np.tril(x, -1), -1, -2)
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
        must_fit(t, lambda x, y: np.tensordot(x, y, (of_a, list(range(count)))), a.value, b.value)
        value = np.tensordot(a.value.astype(t), b.value.astype(t), (of_a, list(range(count))))
        return Expression(f"tensordot {listed(of_a)} {listed(range(count))} {a.words} {b.words}", value,
                          kind(t) < 2, [a, b])

    def f_solve(self, depth):
        n = self.rng.randint(1, 6)
        t = self.rng.choice(REALS)
        batch = tuple(self.rng.randint(0, 3) for _ in range(self.rng.choice([0, 0, 1, 2])))
        a = self.leaf(t, batch + (n, n), True)
        a = self.values(a.value + (np.eye(n) * 100).astype(t))
        if self.rng.random() < 0.3:
            return Expression(f"inv {a.words}", np.linalg.inv(a.value), False, [a])
        a_list = self.rng.random() < 0.3
        other = self.rng.choice([(), batch, batch[1:], tuple(1 for _ in batch), (2,) + batch])
        other = () if a_list else other
        b = self.leaf(t, (n,) if a_list else other + (n, self.rng.randint(0, 4)), True)
        columns = b.value[:, None] if a_list else b.value  # NumPy 1 takes fewer axes for a stack of lists
        columns = columns.reshape((1,) * (a.value.ndim - columns.ndim) + columns.shape)
        value = np.linalg.solve(a.value, columns)
        value = value[..., 0] if a_list else value
        return Expression(f"solve {a.words} {b.words}", value, False, [a, b])

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
            if r.random() < 0.5:
                batch = tuple(r.randint(0, 3) for _ in range(r.choice([1, 1, 2])))
                a = self.values(a.value * (1 + np.arange(math.prod(batch))).reshape(batch + (1, 1)).astype(t))
                return Expression(f"cholesky {a.words}", np.linalg.cholesky(a.value), False, [a])
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


    # --- what must fail, with which words

    def failing(self):
        functions = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("e_")]
        words, error, inputs = self.rng.choice(functions)()
        return Expression(words, np.zeros(0), True, inputs, error=error)

    def e_astype(self):
        """One number in an array that the type does not hold."""
        r = self.rng
        t = np.dtype(r.choice(INTEGERS + ["float32", "complex64"]))
        if t.kind in "iu":
            low, high = int(np.iinfo(t).min), int(np.iinfo(t).max)
            wide = [w for w in INTEGERS if np.iinfo(w).min < low or np.iinfo(w).max > high]
            source = np.dtype(r.choice(wide + REALS + ["complex128"]))
            if source.kind in "iu":
                bad = [n for n in (low - 1, high + 1, -1, 2 ** 63)
                       if np.iinfo(source).min <= n <= np.iinfo(source).max and not low <= n <= high]
            else:
                bad = [np.nan, np.inf, -np.inf, 2.0 ** 64, -2.0 ** 64] + [1 + 2j] * (source.kind == "c")
        else:
            source, bad = np.dtype("float64" if t.kind == "f" else "complex128"), [1e300, -1e300]
        shape = tuple(r.randint(1, 4) for _ in range(r.randint(1, 3)))
        x = np.ones(shape, source)
        index = tuple(r.randrange(n) for n in shape)
        x[index] = r.choice(bad)
        a = self.values(x)
        at = "(" + ", ".join(str(i) for i in index) + ("," if len(index) == 1 else "") + ")"
        return (f"astype {t.name} 0 {a.words}",
                [f"astype: the number must fit into {t.name} (got ", f" at index {at}); {{.overflow"], [a])

    def e_literal(self):
        t = self.rng.choice(INTEGERS)
        n = self.rng.choice([int(np.iinfo(t).max) + 1, int(np.iinfo(t).min) - 1])
        if not -2 ** 63 <= n < 2 ** 64:
            n = -1 if t[0] == "u" else 2 ** 63
        a = self.leaf(t, (self.rng.randint(1, 5),))
        name = self.rng.choice(["add", "subtract", "multiply", "minimum", "maximum", "mod", "floor_divide"])
        number = f"u {n}" if n >= 2 ** 63 else f"i {n}"
        return f"{name} {a.words} {number}", [f"{name}: ", f"which are {t} (got {n}); astype<>()"], [a]

    def e_axis(self):
        a = self.leaf("float64", self.shape(2), True)
        axis = self.rng.choice([2, -3, 7, -2 ** 62])
        name, words = self.rng.choice([
            ("cumsum", "cumsum {}"), ("sort", "sort {}"), ("argsort", "argsort {}"), ("topk", "topk 1 {}"),
            ("percentile", "percentile 1 0x1p+3 1 {} 0"),
            ("nanpercentile", "nanpercentile 1 0x1p+3 1 {} 0"), ("quantile", "quantile 1 0x1p-3 1 {}"),
            ("nanquantile", "nanquantile 1 0x1p-3 1 {}"), ("median", "median 0 1 {}"),
            ("roll", "roll 1 {}"), ("repeat", "repeat 2 {}"), ("ptp", "ptp 1 {}"),
            ("norm", "norm 1 {}"), ("sum", "sum 1 {} 0 0"), ("flip", "flip 1 {}"), ("fft", "fft 0 {} -1"),
            ("diff", "diff 1 {}"), ("gradient", "gradient 0x1p+0 {}"), ("trace", "trace 0 0 {}"),
            ("diagonal", "diagonal 0 0 {}"), ("squeeze", "squeeze 1 {}"), ("swapaxes", "swapaxes 0 {}"),
            ("moveaxis", "moveaxis 0 {}"), ("apply_along_axis", "apply_along_axis {} 1")])
        return (f"{words.format(axis)} {a.words}", [f"{name}: axis must be in [-2, 2) (got {axis})"], [a])

    def e_shapes(self):
        a, b = self.leaf("float64", (3, 4), True), self.leaf("float64", (3, 5), True)
        name, sentence = self.rng.choice([
            ("add", "the shapes must be broadcastable"), ("less", "the shapes must be broadcastable"),
            ("hypot", "the shapes must be broadcastable"), ("isclose 0 0 0", "the shapes must be broadcastable"),
            ("allclose", "the shapes must be broadcastable"), ("matmul", "the inner extents must be equal"),
            ("dot", "the inner extents must be equal"), ("logical_or", "the shapes must be broadcastable"),
            ("concatenate 0 2", "the shapes must be equal but for axis 0"), ("stack 0 2", "the shapes must be equal"),
            ("average all", "the shape (3, 5) must be broadcastable to (3, 4)"),
            ("map_blocks", "the shape (3, 5) must be broadcastable to (3, 4)"),
            ("einsum ij,kj 2", "an axis must have the same extent wherever it is named"),
            ("tensordot 1 1 1 1", "the extents of the axes 1 and 1 must be equal"),
            ("histogram2d 2 0 2 0", "the shapes must be equal")])
        got = "" if "(" in sentence else "(3, 4) and (3, 5)" if "einsum" not in name else "4 and 5"
        return (f"{name} {a.words} {b.words}", [f"{name.split()[0]}: {sentence}", got], [a, b])

    def e_weights(self):
        """Weights that add up to nothing."""
        a, w = self.leaf("float64", (2, 2), True), self.values(np.array([[1.0, 2.0], [3.0, -3.0]]))
        return (f"average 1 1 {a.words} {w.words}",
                ["average: the weights must not add up to 0 (got 0 for the result at index (1,))"], [a, w])

    def e_square(self):
        shape = self.rng.choice([(2, 3), (4, 2, 3), (1, 2)])
        name, words = self.rng.choice([("det", "determinant 2"), ("inv", "inv"), ("cholesky", "cholesky"),
                                       ("eigh", "eigenvalues")])
        a = self.leaf("float64", shape, True)
        return f"{words} {a.words}", [f"{name}: the matri", " must be square (got ", str(shape)], [a]

    def e_singular(self):
        a = self.values(np.zeros(self.rng.choice([(2, 2), (3, 2, 2)])))
        name, b = self.rng.choice([("inv", ""), ("solve", a.words)])
        return (f"{name} {a.words} {b}", [f"{name}: the matrix must not be singular (pivot 0 is 0)"],
                [a, a][:1 + bool(b)])


# --- which functions are tried

OTHER_WORDS = {
    "operator+": "add", "operator-": "subtract", "operator*": "multiply", "operator/": "divide",
    "operator%": "mod", "operator&": "bit_and", "operator|": "bit_or", "operator^": "bit_xor",
    "operator~": "bit_not", "operator!": "logical_not", "operator&&": "logical_and",
    "operator||": "logical_or", "operator==": "equal", "operator!=": "not_equal", "operator<": "less",
    "operator<=": "less_equal", "operator>": "greater", "operator>=": "greater_equal", "operator()": "index",
    "ravel": "reshape", "tril": "triangle", "triu": "triangle", "zeros_like": "full_like",
    "ones_like": "full_like", "nanmedian": "median", "rfft": "fft", "irfft": "fft", "ifft": "fft",
    "ifftn": "fftn", "ifftshift": "fftshift", "svd_compressed": "svd", "det": "determinant",
    "slogdet": "determinant", "eigh": "eigenvalues", "uniform": "random", "normal": "random",
    "lognormal": "random", "exponential": "random", "poisson": "random", "bernoulli": "random",
    "integers": "random", "permutation": "random", "futures": "from_futures", "from_xtensor": "array"}
NOT_TRIED = {
    "compute": "every expression", "item": "compute of one element",
    "shape": "compared with what compute gives", "dimension": "as shape", "size": "as shape", "bytes": "as shape",
    "chunks": "of from_futures", "chunk_count": "of the chunks", "dtype": "compared with NumPy's",
    "task_count": "of the plan: tests/array", "node": "what the program is made of",
    "range": "an index", "named": "files: tests/array/hdf5_test.cpp", "open_hdf5": "as named",
    "to_text": "text: tests/array", "resolve": "chunks from rules: tests/array",
    "operator<<": "text: tests/array"}


def untried(headers):
    """Public functions that no expression has."""
    with open(__file__) as file:
        tried = set(re.findall(r"(?<=[\"' ])[a-z_0-9]+(?=[\"' ])", file.read()))
    missing = []
    for name in sorted(os.listdir(headers)):
        if name.startswith("hdf5"):
            continue
        with open(os.path.join(headers, name)) as file:
            public = re.sub(r"(?ms)^namespace detail.*?^}  // namespace detail.*?$", "", file.read())
        for function in re.findall(r"(?m)^ {0,4}\[\[nodiscard\]\] [^(\n]*?(operator\(\)|operator[^\s(]+|\w+)\(", public):
            word = OTHER_WORDS.get(function, function)
            if function not in NOT_TRIED and word not in tried:
                missing.append(f"{name}: {function}")
    return missing


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
    if expected.error:
        if not isinstance(got, str):
            return f"there is no error, but it is {got!r}"
        lacking = [part for part in expected.error if part not in got]
        return f"it says: {got}\n    without: {lacking}" if lacking else None
    if isinstance(got, str):
        return "it says: " + got
    if got.dtype != value.dtype:
        return f"the type is {got.dtype}, should be {value.dtype}"
    if got.shape != value.shape:
        return f"the shape is {got.shape}, should be {value.shape}"
    if kind(value.dtype) < 2 or expected.exact:
        same = (got == value) | ((got != got) & (value != value))
        if expected.zeros and value.dtype.kind in "fc":
            for of_got, of_value in ((got.real, value.real), (got.imag, value.imag)):
                same &= (of_value != 0) | (np.copysign(1, of_got) == np.copysign(1, of_value))
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
    parser.add_argument("--headers", help="the folder of public headers: all their functions must be tried")
    arguments = parser.parse_args()
    if arguments.headers:
        missing = untried(arguments.headers)
        if missing:
            sys.exit("no expression has these functions, and NOT_TRIED does not say why: " + ", ".join(missing))
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2 ** 32)
    rng = random.Random(seed)
    maker = Maker(rng)
    if arguments.only:
        maker.functions = [f for f in maker.functions if re.search(arguments.only, f.__name__)]
    share = 0 if arguments.only else 0.06
    def one():
        if rng.random() < share:
            return maker.failing()
        return (maker.sharing if rng.random() < 0.3 else maker.build)(rng.randint(1, 4))

    expressions = [one() for _ in range(arguments.count)]
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
