#!/usr/bin/python3
"""Random tables and chains of verbs against pandas: fuzz_frames reads them and writes what they give.

frames.py --program fuzz_frames [--weir weir] [--on threads|ranks] [--count N] [--seed N]
A seed makes one case; the seeds of what differs are printed.
"""
import argparse
import csv
import gzip
import math
import random
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import numpy
    import pandas
except ImportError:
    print("passed over: python3-pandas is not installed")
    sys.exit(0)

TYPES = {"int64": "Int64", "float64": "Float64", "bool": "boolean", "text": "string", "date": "datetime64[ns]",
         "datetime": "datetime64[ns]"}
TEXTS = ["a", "b", "Ab ", " c", "x,y", 'q"q', "two\nlines", "Zürich", "o'clock", "a;b", "tab\tbed"]


def is_missing(value):
    return value is None or value is pandas.NA or value is pandas.NaT or value != value


class Style:
    """How a file is written: separators of fields, of fractions and of thousands, and what is missing."""

    def __init__(self, rng):
        self.sep, self.decimal, self.thousands = rng.choice([",.-", ",.-", ";,.", "\t.,", "|.-"])
        self.missing = rng.choice(["", "", "NA", "null", "?", "-9999"])
        self.comment = rng.choice(["-", "-", "#"])
        self.is_told = rng.random() < 0.5

    def words(self):
        sep = {"\t": "tab"}.get(self.sep, self.sep) if self.is_told else "auto"
        own = self.missing if self.missing in ("?", "-9999") else "-"
        return [sep, self.decimal, self.thousands, self.comment, own]

    def cell(self, value, kind):
        if is_missing(value) and kind != "text":
            return self.missing
        text = cell(value, kind)
        if kind not in ("int64", "float64") or self.sep in ",|":
            return text
        whole, point, rest = text.partition(".")
        return f"{int(whole):,}".replace(",", self.thousands) + (point and self.decimal + rest) if \
            whole != "-0" else text.replace(".", self.decimal)


def cell(value, kind):
    if is_missing(value):
        return ""
    if kind == "text":
        return '"' + value.replace('"', '""') + '"'
    if kind == "bool":
        return "true" if value else "false"
    if kind == "date":
        return value.date().isoformat()
    if kind == "datetime":
        return value.isoformat(sep=" ")
    return str(int(value)) if kind == "int64" else repr(float(value))


def series(values, kind, index=None):
    return pandas.Series([None if is_missing(v) else v for v in values], dtype=TYPES[kind], index=index)


def aggregated(kind, values, q):
    """What an aggregation makes of a series; None is missing."""
    there = values.dropna()
    if kind == "rows":
        return len(values)
    if kind == "count":
        return int(values.count())
    if kind == "nunique":
        return int(values.nunique())
    if kind == "sum":
        return values.sum()
    if kind == "product":
        return values.prod()
    if len(there) == 0:
        return None
    if kind == "first":
        return there.iloc[0]
    if kind == "last":
        return there.iloc[-1]
    if kind in ("min", "max"):
        return min(there) if kind == "min" else max(there)
    numbers = there.astype("float64")
    if kind == "mean":
        return numbers.mean()
    if kind in ("var", "std"):
        return getattr(numbers, kind)() if len(there) > 1 else None
    return numbers.quantile(0.5 if kind == "median" else q)


def type_of_result(kind, of):
    if kind in ("rows", "count", "nunique"):
        return "int64"
    if kind in ("sum", "product"):
        return "float64" if of == "float64" else "int64"
    if kind in ("min", "max", "first", "last"):
        return of
    return "float64"


class Case:
    """A chain of verbs as words, and the table that pandas makes of it."""

    def __init__(self, seed, folder):
        self.random = random.Random(seed)
        self.folder = folder / str(seed)
        self.folder.mkdir()
        self.words = []
        self.names = 0
        self.table, self.types = self.make("left", self.random.choice([1, 7, 40, 120]), self.left_columns())
        self.key = ["p"]  # tells rows apart
        self.ordered = True
        self.kept = None

    # --- tables

    def some(self, values, share):
        return [None if self.random.random() < share else value for value in values]

    def left_columns(self):
        return {"p": "int64", "k": "int64", "g": "text", "n": "int64", "x": "float64", "b": "bool", "d": "date",
                "w": "datetime", "s": "datetime"}

    def values(self, name, rows):
        r = self.random
        share = r.choice([0, 0.15, 0.5]) if name not in ("p", "q", "s") else 0
        if name in ("p", "q"):
            return list(range(rows))
        if name == "k":
            return self.some([r.randint(0, 5) for _ in range(rows)], share)
        if name == "g":
            return self.some([r.choice(TEXTS) for _ in range(rows)], share)
        if name == "n":
            return self.some([r.randint(-20, 20) for _ in range(rows)], share)
        if name in ("x", "y"):
            most = r.choice([200, 200, 20_000_000])
            return self.some([r.randint(-most, most) / 4 for _ in range(rows)], share)
        if name == "b":
            return self.some([r.random() < 0.5 for _ in range(rows)], share)
        begin = pandas.Timestamp("1969-12-20")
        if name == "d":
            return self.some([begin + pandas.Timedelta(days=r.randint(0, 40)) for _ in range(rows)], share)
        if name == "w":
            times = [begin + pandas.Timedelta(minutes=r.randint(0, 40000)) for _ in range(rows)]
            return self.some(times, share)
        time, times = begin, []
        for _ in range(rows):
            time += pandas.Timedelta(minutes=r.choice([0, 0, 10, 60, 1000]))
            times.append(time)
        return times

    def make(self, name, rows, types):
        """Files of a table, read in some way, and what is in them."""
        r = self.random
        types = dict(types)
        table = {column: self.values(column, rows) for column in types}
        files = r.choice([1, 1, 3, 12])
        style = Style(r)
        written = {column: [style.cell(value, types[column]) for value in table[column]] for column in types}
        # A type that is found out behind what was looked at first.
        if rows > 20 and "n" in types and r.random() < 0.3:
            files, types["n"] = 12, "float64"
            table["n"][-1], written["n"][-1] = -2.5, style.cell(-2.5, "float64")
        end = r.choice(["\n", "\r\n"])
        skips = r.random() < 0.2
        for part in range(files):
            text = style.sep.join(types) + end
            for i in range(rows * part // files, rows * (part + 1) // files):
                text += style.sep.join(written[c][i] for c in types) + end
                if skips and r.random() < 0.2:
                    text += style.sep.join(r.choice(["12", "x", "one" + " " * 14 + "too many"])) + end
                if r.random() < 0.05:
                    text += (r.choice(["# words", "#"]) if style.comment == "#" else "") + end
            data = (text[:-len(end)] if r.random() < 0.2 else text).encode()
            path = self.folder / f"{name}-{part:02}.csv"
            if r.random() < 0.2:
                path, data = path.with_suffix(".csv.gz"), gzip.compress(data, 1)
            path.write_bytes(data)
        # What has no value in the files that are looked at first is float64, and checked as that.
        first = rows if files == 1 else rows * min(files, 8) // files
        stated = [c for c in types if c != "n" and r.random() < 0.3 or all(map(is_missing, table[c][:first]))]
        self.say("read", self.folder / f"{name}-*", r.choice(["100", "1kB", "1MB"]), len(stated))
        for column in stated:
            self.say(column, types[column])
        chosen = list(types)
        if r.random() < 0.2:
            chosen = [c for c in types if c in ("p", "q", "k", "s") or r.random() < 0.6]
            r.shuffle(chosen)
        self.say(len(chosen), *chosen, "skip" if skips else "raise", *style.words())
        types = {c: types[c] for c in chosen}
        return pandas.DataFrame({c: series(table[c], kind) for c, kind in types.items()}), types

    # --- words

    def say(self, *words):
        self.words += [str(word) for word in words]

    def fresh(self):
        self.names += 1
        return f"c{self.names}"

    def columns(self, *kinds):
        return [name for name, kind in self.types.items() if kind in kinds]

    def text(self, text):
        return f"{len(text.encode())}:{text}"

    # --- expressions: words, and what pandas makes of them

    def expression(self, kind, depth=2):
        """Words and a series of the kind, or None if there is no such column."""
        r = self.random
        rows = self.table.index
        own = self.columns(kind)
        if kind == "int64":
            if depth == 0 or r.random() < 0.3:
                if own and r.random() < 0.7:
                    return self.column(r.choice(own))
                value = r.randint(-9, 9)
                return ["int", value], series([value] * len(rows), kind, rows)
            choice = r.randint(0, 6)
            if choice <= 2:
                op = "+-*"[choice]
                (a, x), (b, y) = self.expression(kind, depth - 1), self.expression(kind, depth - 1)
                return [op, *a, *b], (x + y if op == "+" else x - y if op == "-" else x * y)
            if choice == 3:
                a, x = self.expression(kind, depth - 1)
                value = r.randint(1, 7)
                return ["%", *a, "int", value], x % value
            if choice == 4:
                a, x = self.expression(kind, depth - 1)
                return (["neg", *a], -x) if r.random() < 0.5 else (["abs", *a], x.abs())
            if choice == 5 and self.columns("text"):
                a, x = self.column(r.choice(self.columns("text")))
                lengths = [None if is_missing(v) else len(v.encode()) for v in x]
                return ["text.length", *a], series(lengths, kind, rows)
            if self.columns("date", "datetime"):
                a, x = self.column(r.choice(self.columns("date", "datetime")))
                part = r.choice(["year", "month", "day", "weekday", "hour"])
                return [f"date.{part}", *a], getattr(x.dt, part).astype("Int64")
            return self.expression(kind, 0)
        if kind == "float64":
            if depth == 0 or r.random() < 0.3:
                if own and r.random() < 0.7:
                    return self.column(r.choice(own))
                value = r.randint(-40, 40) / 4
                return ["real", value], series([value] * len(rows), kind, rows)
            choice = r.randint(0, 5)
            if choice <= 2:
                op = "+-*"[choice]
                a, x = self.expression(kind, depth - 1)
                b, y = self.expression(r.choice(["int64", "float64"]), depth - 1)
                return [op, *a, *b], (x + y if op == "+" else x - y if op == "-" else x * y).astype("Float64")
            if choice == 3:
                a, x = self.expression(r.choice(["int64", "float64"]), depth - 1)
                value = r.choice([0.5, 3, -4.0])
                return ["/", *a, "real", value], (x / value).astype("Float64")
            if choice == 4:
                a, x = self.expression("int64", depth - 1)
                return ["astype", "float64", *a], x.astype("Float64")
            a, x = self.expression(kind, depth - 1)
            name, f = r.choice([("floor", math.floor), ("ceil", math.ceil), ("abs", abs)])
            return [name, *a], series([None if is_missing(v) else float(f(v)) for v in x], kind, rows)
        if kind == "text":
            if depth == 0 or not own or r.random() < 0.3:
                if own:
                    return self.column(r.choice(own))
                value = r.choice(TEXTS)
                return ["text", self.text(value)], series([value] * len(rows), kind, rows)
            a, x = self.expression(kind, depth - 1)
            choice = r.randint(0, 2)
            if choice == 0:
                b, y = self.expression(kind, depth - 1)
                return ["+", *a, *b], x + y
            if choice == 1:
                return ["text.strip", *a], x.str.strip(" \t\n\r")
            return ["text.upper", *a], series([None if is_missing(v) else "".join(
                c.upper() if c.isascii() else c for c in v) for v in x], kind, rows)
        if kind in ("date", "datetime"):
            if own:
                return self.column(r.choice(own))
            return None
        return self.condition(depth)

    def column(self, name):
        return ["col", name], self.table[name]

    def condition(self, depth):
        r = self.random
        own = self.columns("bool")
        if own and r.random() < 0.15:
            return self.column(r.choice(own))
        if depth > 0 and r.random() < 0.4:
            a, x = self.condition(depth - 1)
            if r.random() < 0.3:
                return ["not", *a], ~x
            b, y = self.condition(depth - 1)
            return (["and", *a, *b], x & y) if r.random() < 0.5 else (["or", *a, *b], x | y)
        choice = r.randint(0, 4)
        if choice == 0:
            name = r.choice(list(self.types))
            return ["isna", "col", name], self.table[name].isna().astype("boolean")
        if choice == 1 and self.columns("text"):
            a, x = self.column(r.choice(self.columns("text")))
            value = r.choice(["a", "b", ",", "\n", "ü"])
            op, f = r.choice([("contains", lambda v: value in v), ("starts_with", lambda v: v.startswith(value)),
                              ("ends_with", lambda v: v.endswith(value))])
            return [f"text.{op}", *a, self.text(value)], series([None if is_missing(v) else f(v) for v in x], "bool",
                                                                x.index)
        if choice == 2 and self.columns("int64"):
            a, x = self.column(r.choice(self.columns("int64")))
            values = [r.randint(-3, 6) for _ in range(r.randint(1, 4))]
            words = [word for value in values for word in ("int", value)]
            return ["isin", *a, len(values), *words], x.isin(values).fillna(False).astype("boolean")
        op = r.choice(["<", "<=", ">", ">=", "==", "!="])
        kind = r.choice(["int64", "float64", "text", "date", "datetime"])
        first, second = self.expression(kind, min(depth, 1)), self.expression(
            r.choice(["int64", "float64"]) if kind in ("int64", "float64") else kind, min(depth, 1))
        if not first or not second:
            return self.condition(0)
        (a, x), (b, y) = first, second
        if kind in ("int64", "float64"):
            x, y = x.astype("Float64"), y.astype("Float64")
        result = {"<": x.lt, "<=": x.le, ">": x.gt, ">=": x.ge, "==": x.eq, "!=": x.ne}[op](y).astype("boolean")
        return [op, *a, *b], result.mask(x.isna() | y.isna())

    # --- aggregations

    def aggregates(self, without=()):
        """Words, and (kind, name, column, q) of each."""
        r = self.random
        chosen, words = [], []
        for _ in range(r.randint(1, 3)):
            name = self.fresh()
            of = r.choice(list(self.types))
            kinds = ["rows", "count", "min", "max", "nunique"]
            if self.types[of] in ("int64", "float64"):
                kinds += ["sum", "mean", "var", "std", "median", "quantile"]
                if of in ("k", "b"):
                    kinds += ["product"] if len(self.table) < 30 else []
            if self.ordered:
                kinds += ["first", "last"]
            kind = r.choice(kinds)
            if kind in ("min", "max", "first", "last") and self.types[of] == "bool":
                kind = "count"
            q = r.choice([0, 0.3, 0.75, 1])
            words += [kind, name] + ([] if kind == "rows" else [of]) + ([q] if kind == "quantile" else [])
            chosen.append((kind, name, of, q))
        return [len(chosen), *words], chosen

    def summed_up(self, chosen, parts):
        """A column of each aggregation over groups of rows."""
        columns, types = {}, {}
        for kind, name, of, q in chosen:
            types[name] = type_of_result(kind, self.types[of])
            results = [aggregated(kind, self.table[of].iloc[rows], q) for rows in parts]
            columns[name] = series(results, types[name])
        return columns, types

    # --- verbs

    def in_order(self):
        """Puts rows in an order that is the same on both sides."""
        if not self.ordered:
            self.sort(self.key or list(self.types), None)

    def sort(self, names, orders):
        orders = orders or ["ascending"] * len(names)
        self.say("sort", len(names), *names, len(orders), *orders)
        self.table = self.table.sort_values(names, ascending=[o == "ascending" for o in orders], kind="stable",
                                            na_position="last", ignore_index=True)
        for name in self.types:
            self.table[name] = self.table[name].astype(TYPES[self.types[name]])
        self.ordered = set(names) >= set(self.key or self.types)

    def verb_filter(self):
        words, mask = self.condition(2)
        self.say("filter", *words)
        self.table = self.table[mask.fillna(False).astype(bool)].reset_index(drop=True)

    def verb_with(self):
        kind = self.random.choice(["int64", "float64", "text", "bool"])
        words, values = self.expression(kind)
        if self.random.random() < 0.3 and kind != "bool":
            condition, mask = self.condition(1)
            other, others = self.expression(kind)
            words = ["when", *condition, *words, *other]
            values = values.where(mask.fillna(False).astype(bool), others).mask(mask.isna())
        name = self.fresh()
        self.say("with", name, *words)
        self.types[name] = kind
        self.table = self.table.assign(**{name: values.astype(TYPES[kind])})

    def verb_fillna(self):
        names = self.columns("int64", "float64", "text")
        if not names:
            return
        name = self.random.choice(names)
        kind = self.types[name]
        value = {"int64": 7, "float64": -0.25, "text": "none"}[kind]
        self.say("fillna", name, {"int64": "int", "float64": "real", "text": "text"}[kind],
                 self.text(value) if kind == "text" else value)
        self.table[name] = self.table[name].fillna(value)

    def verb_dropna(self):
        names = self.random.sample(list(self.types), self.random.randint(1, min(2, len(self.types))))
        self.say("dropna", len(names), *names)
        self.table = self.table.dropna(subset=names).reset_index(drop=True)

    def verb_drop(self):
        name = self.random.choice(list(self.types))
        if name in self.key or name in ("p", "s") or len(self.types) < 3:
            return
        self.say("drop", 1, name)
        self.table = self.table.drop(columns=name)
        del self.types[name]

    def verb_rename(self):
        name = self.random.choice(list(self.types))
        if name in self.key or name in ("p", "s", "k", "g"):
            return
        other = self.fresh()
        self.say("rename", name, other)
        self.table = self.table.rename(columns={name: other})
        self.types = {other if c == name else c: kind for c, kind in self.types.items()}

    def verb_move(self):
        way = self.random.choice(["persist", "memory", "parquet", "arrow"])
        self.say(way)
        if way == "memory":
            self.say(self.random.choice([1, 3, 9]))
        elif way != "persist":
            self.say(self.folder / f"{self.fresh()}.{way}")

    def verb_group(self):
        keys = self.columns("int64", "text", "bool", "date")
        keys = self.random.sample(keys, min(len(keys), self.random.randint(1, 2)))
        if not keys:
            return
        keeps = self.random.random() < 0.3
        words, chosen = self.aggregates()
        self.say("group_missing" if keeps else "group", len(keys), *keys, *words)
        groups = {}
        for i in range(len(self.table)):
            values = tuple(None if is_missing(v) else v for v in (self.table[key].iloc[i] for key in keys))
            if keeps or None not in values:
                groups.setdefault(values, []).append(i)
        columns, types = self.summed_up(chosen, list(groups.values()))
        self.table = pandas.DataFrame({**{key: series([group[j] for group in groups], self.types[key])
                                          for j, key in enumerate(keys)}, **columns})
        self.types = {**{key: self.types[key] for key in keys}, **types}
        self.key, self.ordered = keys, False

    def verb_agg(self):
        words, chosen = self.aggregates()
        self.say("agg", *words)
        columns, self.types = self.summed_up(chosen, [list(range(len(self.table)))])
        self.table = pandas.DataFrame(columns)
        self.key, self.ordered = [], True

    def verb_resample(self):
        times = self.columns("datetime", "date")
        if not times or not len(self.table):
            return
        time = self.random.choice(times)
        step = self.random.choice(["1h", "7h", "1d", "7d"])
        words, chosen = self.aggregates()
        self.say("resample", step, time, *words)
        unit = int(pandas.Timedelta(step).value)
        bins = {}
        for i, value in enumerate(self.table[time]):
            if not is_missing(value):
                bins.setdefault(value.value // unit, []).append(i)
        every = range(min(bins), max(bins) + 1) if bins else []
        columns, types = self.summed_up(chosen, [bins.get(b, []) for b in every])
        begins = series([pandas.Timestamp(b * unit) for b in every], "datetime")
        self.table = pandas.DataFrame({time: begins, **columns})
        self.types = {time: "datetime", **types}
        self.key, self.ordered = [time], True

    def verb_sort(self):
        names = self.random.sample(list(self.types), min(len(self.types), self.random.randint(1, 3)))
        if self.key:
            names += [name for name in self.key if name not in names]
        if not self.ordered and not self.key:
            return
        self.sort(names, [self.random.choice(["ascending", "descending"]) for _ in names])

    def verb_top(self):
        self.in_order()
        name = self.random.choice(list(self.types))
        count = self.random.randint(0, 12)
        verb = self.random.choice(["nlargest", "nsmallest"])
        self.say(verb, count, name)
        self.table = self.table.sort_values(name, ascending=verb == "nsmallest", kind="stable",
                                            na_position="last", ignore_index=True).head(count)
        self.table[name] = self.table[name].astype(TYPES[self.types[name]])

    def verb_limit(self):
        self.in_order()
        count = self.random.randint(0, 60)
        verb = self.random.choice(["limit", "tail"])
        self.say(verb, count)
        rows = self.table.head(count) if verb == "limit" else self.table.tail(count)
        self.table = rows.reset_index(drop=True)

    def verb_distinct(self):
        self.in_order()
        names = self.random.sample(list(self.types), min(len(self.types), self.random.randint(1, 2)))
        self.say("distinct", len(names), *names)
        self.table = self.table.drop_duplicates(names, ignore_index=True)
        self.key, self.ordered = names, False

    def verb_value_counts(self):
        name = self.random.choice(self.columns("int64", "text", "date", "bool") or list(self.types))
        counts = {}
        for value in self.table[name].dropna():
            counts[value] = counts.get(value, 0) + 1
        self.say("value_counts", name)
        counted = "count_count" if name == "count" else "count"
        self.table = pandas.DataFrame({name: series(list(counts), self.types[name]),
                                       counted: series(list(counts.values()), "int64")})
        self.types = {name: self.types[name], counted: "int64"}
        self.key, self.ordered = [name], False

    def verb_windows(self):
        self.in_order()
        r = self.random
        words, made = [], {}
        for _ in range(r.randint(1, 3)):
            name = self.fresh()
            kind = r.choice(["shift", "diff", "cumsum", "cummin", "cummax", "rolling", "rolling", "expanding"] +
                            (["rolling_time"] * 2 if "s" in self.types and self.key == ["p"] else []))
            of = r.choice(self.columns("int64", "float64") or [None])
            if of is None:
                return
            values = self.table[of]
            if kind in ("shift", "diff"):
                rows = r.choice([-2, 1, 5]) if kind == "shift" else r.choice([1, 3])
                words += [kind, name, of, rows]
                moved = values.shift(rows)
                made[name] = (moved if kind == "shift" else values - moved, self.types[of])
                continue
            if kind.startswith("cum"):
                words += [kind, name, of]
                # pandas 1.5 begins cummax of missing integers with values of its own.
                made[name] = (getattr(values.astype("float64"), kind)(), self.types[of])
                continue
            how = r.choice(["sum", "mean", "min", "max", "count", "median", "std", "nunique", "first", "last"])
            least = 1
            words += [kind, name]
            if kind == "rolling":
                size, least = r.choice([1, 3, 10]), r.choice([1, 2])
                words += [size, least]
                windows = [range(max(0, i + 1 - size), i + 1) for i in range(len(values))]
            elif kind == "expanding":
                windows = [range(i + 1) for i in range(len(values))]
            else:
                span = r.choice(["10m", "2h", "3d"])
                words += [span, "s", least]
                times = self.table["s"]
                if not times.is_monotonic_increasing:
                    return
                length = pandas.Timedelta(span.replace("m", "min"))
                windows = [[j for j in range(i + 1) if times[i] - times[j] < length]
                           for i in range(len(values))]
            words += [how, name, of]
            seen = [values.iloc[list(rows)] for rows in windows]
            results = [aggregated(how, some, None) if some.count() >= least else None for some in seen]
            kind_of = type_of_result(how, self.types[of])
            made[name] = (series(results, kind_of, values.index), kind_of)
        self.say("windows", len(made), *words)
        for name, (values, kind) in made.items():
            self.types[name] = kind
            self.table = self.table.assign(**{name: values.astype(TYPES[kind])})

    def second(self):
        """Another table, kept under a name; the chain goes on with the one it had."""
        self.say("keep", "own")
        names = {"q": "int64", "k": "int64", "g": "text", "n": "int64", "y": "float64"}
        other, types = self.make(f"right-{self.fresh()}", self.random.choice([1, 5, 30]), names)
        self.say("keep", "right", "use", "own")
        return other, types

    def verb_merge(self):
        r = self.random
        on = [name for name in ("k", "g") if self.types.get(name) == {"k": "int64", "g": "text"}[name]]
        on = r.sample(on, r.randint(1, len(on))) if on else []
        if not on or len(self.table) > 500 or "q" in self.types or any("_x" in c or "_y" in c for c in self.types):
            return
        right, types = self.second()
        on = [name for name in on if types.get(name) == self.types[name]]
        if not on:
            return
        how = r.choice(["inner", "left", "right", "outer", "semi", "anti"])
        self.say("merge", "right", how, len(on), *on)
        left, known = self.table, right.dropna(subset=on)
        if how in ("semi", "anti"):
            keys = set(known[on].astype(object).itertuples(index=False, name=None))
            has = numpy.array([not any(map(is_missing, row)) and row in keys
                               for row in left[on].astype(object).itertuples(index=False, name=None)], bool)
            self.table = left[has if how == "semi" else ~has].reset_index(drop=True)
            self.ordered = False
            return
        if how in ("inner", "left"):
            table = left.merge(known, on=on, how=how)
        elif how == "right":
            table = left.dropna(subset=on).merge(right, on=on, how="right")
        else:
            table = left.merge(known, on=on, how="outer")
            without = right[right[on].isna().any(axis=1)]
            table = pandas.concat([table, left.head(0).merge(without, on=on, how="right")], ignore_index=True)
        both = [name for name in types if name in self.types and name not in on]
        # Put together with rows without keys they may come in another order.
        table = table[[name + "_x" if name in both else name for name in self.types] +
                      [name + "_y" if name in both else name for name in types if name not in on]]
        kinds = {name + "_x" if name in both else name: kind for name, kind in self.types.items()}
        kinds |= {name + "_y" if name in both else name: kind for name, kind in types.items()
                  if name not in on}
        self.types = {name: kinds[name] for name in table.columns}
        self.table = table.astype({name: TYPES[kind] for name, kind in self.types.items()})
        self.key = [(name + "_x" if name in both else name) for name in self.key] + ["q"] if self.key else []
        self.ordered = False

    def verb_concat(self):
        # Rows that are there twice.
        self.say("keep", "own")
        before, types, key = self.table, dict(self.types), self.key
        self.verb_filter()
        self.say("concat", "own")
        self.table = pandas.concat([self.table, before], ignore_index=True).astype(
            {name: TYPES[kind] for name, kind in types.items()})
        self.key = []

    VERBS = ["filter", "with", "with", "fillna", "dropna", "drop", "rename", "move", "group", "group", "agg", "resample",
             "sort", "top", "limit", "distinct", "value_counts", "windows", "windows", "merge", "merge", "concat"]

    def build(self):
        for _ in range(self.random.randint(1, 6)):
            verb = self.random.choice(self.VERBS)
            if not self.types:
                break
            getattr(self, "verb_" + verb)()
        self.say("end", self.folder / "out.csv")
        return self

    # --- what came

    def difference(self):
        """What differs; empty if nothing does."""
        path = self.folder / "out.csv"
        if not path.exists():
            return "nothing was written"
        with open(path, encoding="utf-8", newline="") as file:
            if file.read(7) == "error: ":
                return "error: " + file.read()
            file.seek(0)
            lines = list(csv.reader(file))
        if lines[0] != list(self.types):
            return f"columns: {lines[0]} | {list(self.types)}"
        kinds = list(self.types.values())
        ours = [[read(v, kind) for v, kind in zip(line, kinds)] for line in lines[1:]]
        theirs = [[None if is_missing(v) else plain(v, kind) for v, kind in zip(row, kinds)]
                  for row in self.table.itertuples(index=False, name=None)]
        if len(ours) != len(theirs):
            return f"rows: {len(ours)} | {len(theirs)}"
        if not self.ordered:
            names = list(self.types)
            places = sorted(range(len(kinds)),
                            key=lambda c: (names[c] not in self.key, kinds[c] == "float64"))

            def order(row):
                return [(row[c] is None, 0 if row[c] is None else round(row[c], 5) if kinds[c] == "float64"
                         else row[c]) for c in places]
            ours.sort(key=order)
            theirs.sort(key=order)
        for i, (a, b) in enumerate(zip(ours, theirs)):
            for name, x, y in zip(self.types, a, b):
                near = x == y or (isinstance(x, float) and isinstance(y, float) and
                                  abs(x - y) <= 1e-9 * (1 + abs(y)) or x != x and y != y)
                if not near:
                    return f"{name} in row {i}: {x!r} | {y!r}"
        return ""


def read(text, kind):
    if text == "<NA>":
        return None
    if kind == "text":
        return text
    if kind == "bool":
        return text == "true"
    if kind in ("date", "datetime"):
        return pandas.Timestamp(text)
    return int(text) if kind == "int64" else float(text)


def plain(value, kind):
    return {"text": str, "bool": bool, "int64": int, "float64": float}.get(kind, pandas.Timestamp)(value)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--weir")
    parser.add_argument("--on", choices=["threads", "ranks"], default="threads")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the folder of the cases")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="weir_fuzz_frames_"))
    wrong = 0
    try:
        seeds = range(arguments.seed, arguments.seed + arguments.count)
        cases = {seed: Case(seed, folder).build() for seed in seeds}
        lines = folder / "cases"
        lines.write_text("".join(" ".join(case.words).replace("\n", "\1") + "\n" for case in cases.values()), "utf-8")
        command = [arguments.program, str(lines)]
        if arguments.on == "ranks":
            command = [arguments.weir, "run", "-n", "3"] + command
        status = subprocess.run(command, timeout=3000).returncode
        for seed, case in cases.items():
            problem = case.difference()
            if problem:
                wrong += 1
                if wrong <= 30:
                    print(f"seed {seed}: {' '.join(case.words)[:1500]}\n    {problem[:600]}")
        print(f"{arguments.count} chains on {arguments.on}, from seed {arguments.seed}: {wrong} differ from pandas")
        if status:
            print(f"the program ended with status {status}")
            wrong += 1
    finally:
        if not arguments.keep:
            subprocess.run(["rm", "-rf", str(folder)], check=False)
        else:
            print(folder)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
