#!/usr/bin/env python3
"""Writes random tables and what pandas makes of them: oracle.py FOLDER; the names are those of pandas.cpp."""
import sys
from pathlib import Path

try:
    import numpy
    import pandas
except ImportError:
    print("no pandas")
    sys.exit(0)

folder = Path(sys.argv[1])
random = numpy.random.RandomState(7)
rows = 400


def holes(values, share=0.15):
    values = pandas.Series(values)
    return values.mask(random.uniform(size=len(values)) < share)


def cell(value, is_date):
    if value is None or value is pandas.NA or value is pandas.NaT or value != value:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"'
    if isinstance(value, (bool, numpy.bool_)):
        return "true" if value else "false"
    if isinstance(value, pandas.Timestamp):
        return value.date().isoformat() if is_date else value.isoformat(sep=" ")
    if isinstance(value, (int, numpy.integer)):
        return str(int(value))
    return repr(float(value))


def save(name, table, has_dates=True):
    """As read_csv reads it: texts in quotes, so that an empty one is there, nothing for what is missing."""
    table = table.astype(object)
    for column in table.columns:
        table[column] = [cell(value, has_dates and (column == "d" or column.endswith("day"))) for value in table[column]]
    alone = len(table.columns) == 1  # where nothing would be a blank line
    with open(folder / (name + ".csv"), "w", encoding="utf-8", newline="") as file:
        file.write(",".join(table.columns) + "\n")
        for row in table.itertuples(index=False):
            file.write(",".join(value or ('""' if alone else "") for value in row) + "\n")


def flat(grouped):
    return grouped.reset_index()


left = pandas.DataFrame({
    "k": random.randint(0, 9, rows),
    "i": random.randint(-50, 50, rows),
    "x": holes(random.normal(size=rows).round(4)),
    "t": holes(random.choice(list("abcdef"), rows)),
    "d": pandas.Timestamp("2014-11-01") + pandas.to_timedelta(random.randint(0, 500, rows), "D"),
})
right = pandas.DataFrame({"t": holes(list("abcxyz") * 2), "i": range(12), "z": holes(range(12)).astype("Int64")})

save("left", left)
save("right", right)
by = left.groupby("k")
save("sums", flat(by.agg(sum_i=("i", "sum"), sum_x=("x", "sum"), mean_i=("i", "mean"), mean_x=("x", "mean"),
                         count_x=("x", "count"), count=("i", "size"))))
save("spread", flat(by.agg(var_x=("x", "var"), std_i=("i", "std"), min_x=("x", "min"), max_i=("i", "max"),
                           min_t=("t", lambda s: s.dropna().min()), max_t=("t", lambda s: s.dropna().max()))))
save("ends", flat(by.agg(first_x=("x", "first"), last_x=("x", "last"), first_t=("t", "first"), last_i=("i", "last"))))
save("whole", flat(by.agg(median_x=("x", "median"), quantile_i=("i", lambda s: s.quantile(0.3)),
                          nunique_t=("t", "nunique"), nunique_x=("x", "nunique"))))
save("two_keys", flat(left.groupby(["t", "k"]).agg(sum_x=("x", "sum"), count=("i", "size"))))
save("missing_keys", flat(left.groupby("t", dropna=False).agg(sum_i=("i", "sum"))))
save("sorted", left.sort_values(["t", "x"], kind="stable"))
save("reversed", left.sort_values("x", ascending=False, kind="stable")[["x", "i"]])
save("largest", left.nlargest(7, "x"))
save("different", left.drop_duplicates(["k", "t"]))
save("filtered", left[(left.x > 0.5) & left.t.notna() & (left.t != "c")].assign(y=lambda t: t.x * t.i - 1))
save("logic", left[left.x.isna() | (left.i % 3 == 1)][["i", "k"]])
save("filled", left.fillna({"x": -1, "t": "none"}))
save("dropped", left.dropna())
save("dates", flat(left.assign(m=left.d.dt.year * 100 + left.d.dt.month).groupby("m")
                   .agg(count=("i", "size"), max_i=("i", "max"))))
save("text", left.dropna(subset=["t"]).t.str.upper().add("!").to_frame("u"))
for how in ("inner", "left", "outer", "right"):
    merged = left.dropna(subset=["t"]).merge(right.dropna(subset=["t"]), on="t", how=how)
    merged["i_x"], merged["i_y"] = merged.i_x.astype("Int64"), merged.i_y.astype("Int64")
    save("merge_" + how, merged.sort_values(["t", "i_x", "i_y"], kind="stable")[["t", "i_x", "i_y", "z"]])
described = left[["i", "x"]].describe().T.reset_index()
described.columns = ["column", "count", "mean", "std", "min", "q25", "median", "q75", "max"]
save("described", described)

x, i = left.x, left.i
save("windows", pandas.DataFrame({
    "shift_x": x.shift(1), "ahead": i.shift(-2), "diff_i": i.diff(3), "cumsum_x": x.cumsum(), "cummax_i": i.cummax(),
    "cummin_x": x.cummin(), "rolling_mean_x": x.rolling(5, min_periods=1).mean(), "rolling_sum_i": i.rolling(4).sum(),
    "rolling_max_x": x.rolling(6, min_periods=2).max(), "rolling_median_x": x.rolling(7, min_periods=1).median(),
    "rolling_std_x": x.rolling(5, min_periods=2).std(), "rolling_count_x": x.rolling(5, min_periods=0).count(),
    "spread": i.rolling(3, min_periods=1).apply(lambda s: s.max() - s.min())}))
ordered = left.sort_values("d", kind="stable")
month = ordered.rolling("30D", on="d")
save("of_time", pandas.DataFrame({"d": ordered.d, "rolling_mean_x": month.x.mean(), "rolling_min_i": month.i.min(),
                                  "rolling_q": month.i.quantile(0.25)}))
save("bins", left.set_index("d").resample("7D", origin="epoch").agg(
    count=("i", "size"), sum_i=("i", "sum"), mean_x=("x", "mean"), max_i=("i", "max")).reset_index())
save("quarters", left.set_index("d").resample("QS").agg(
    count=("i", "size"), sum_i=("i", "sum"), mean_x=("x", "mean")).reset_index())
quotes = pandas.DataFrame({"d": pandas.Timestamp("2014-12-01") + pandas.to_timedelta(random.randint(0, 400, 60), "D"),
                           "t": random.choice(list("abcdz"), 60), "q": range(60)}).sort_values("d", kind="stable")
save("quotes", quotes)
known = ordered.dropna(subset=["t"])
save("asof_backward", pandas.merge_asof(known, quotes, on="d", by="t")[["d", "t", "i", "q"]])
dates = quotes.drop(columns="t").drop_duplicates("d")
save("quote_dates", dates)
save("asof_nearest", pandas.merge_asof(known, dates, on="d", direction="nearest",
                                       tolerance=pandas.Timedelta("9D"))[["d", "i", "q"]])
save("asof_forward", pandas.merge_asof(known, quotes, on="d", by="t", direction="forward",
                                       allow_exact_matches=False)[["d", "t", "i", "q"]])
save("own", flat(by.agg(spread=("i", lambda s: s.max() - s.min()))))
save("corr", pandas.DataFrame({"c": [left.x.corr(left.i)], "q": [left.x.quantile(0.7)]}))

# Columns of every type with holes, over files of which one has only a header.
words = ["", "a", "B b", "NA", "null", "x,y", 'say "hi"', "two\nlines", "  blanks ", "Zürich", "007", "1e3", "true",
         "2015-03-01", "-12", "o'clock", "tab\tbed", "ab,\"c\nd\""]
wide = pandas.DataFrame({
    "g": holes(random.choice(words, rows)),
    "n": holes(random.randint(-40, 40, rows)).astype("Int64"),
    "x": holes((random.normal(size=rows) * 5).round(2)),
    "b": holes(random.randint(0, 2, rows)).astype("boolean"),
    "day": holes(pandas.Series(pandas.Timestamp("2015-12-20") + pandas.to_timedelta(random.randint(0, 90, rows), "D"))),
    "w": holes(pandas.Series(pandas.Timestamp("1969-12-30") +
                             pandas.to_timedelta(random.randint(0, 5 * 86400000, rows), "ms"))),
    "e": pandas.Series([None] * rows, dtype="float64"),
    "c": 1,
})
cuts = [0, 150, 150, 151, rows]
for part in range(4):
    save("wide-%d" % part, wide.iloc[cuts[part]:cuts[part + 1]])

n, x, b, g, day, w = wide.n, wide.x, wide.b, wide.g, wide.day, wide.w
nf = n.astype("Float64")
xf = x.astype("Float64")


def of(function, series):
    return pandas.Series([None if value is None or value is pandas.NA or value != value else function(value)
                          for value in series.astype(object)], dtype=object)


with numpy.errstate(all="ignore"):
    save("arithmetic", pandas.DataFrame({
        "add": n + 1, "sub": 1 - n, "mul": n * x, "half": n / 2, "over": 1 / x.where(x != 0), "neg": -n, "abs": n.abs(),
        "absx": x.abs(), "nn": n * n - n, "floor": numpy.floor(x), "ceil": numpy.ceil(x), "sqrt": numpy.sqrt(x.abs()),
        "log": numpy.log(x.abs() + 1), "exp": numpy.exp(x), "pow": x ** 2, "nx": n + x, "bn": b.astype("Int64") + n}))
for name, flags in (("less", n < 3), ("same", g == "NA"), ("other", g != "a"), ("real", xf >= nf), ("day", day > "2016-01-31"),
                    ("time", w <= "1970-01-01 12:00:00"), ("true", b), ("false", ~b)):
    missing = {"same": g.isna(), "other": g.isna(), "day": day.isna(), "time": w.isna(), "less": n.isna(),
               "real": n.isna() | x.isna(), "true": b.isna(), "false": b.isna()}[name]
    wide["_" + name] = flags.astype("boolean").mask(missing)
save("compared", wide[["_less", "_same", "_other", "_real", "_day", "_time"]].rename(columns=lambda name: name[1:]))
save("both", pandas.DataFrame({"a": wide._less & b, "o": wide._less | b, "n": ~(wide._less & b) | wide._same}))
save("chosen", pandas.DataFrame({
    "isin": n.isin([1, 2, 3]), "isna": g.isna(), "fill": n.fillna(7), "fillg": g.fillna("?"),
    "fillx": x.fillna(0.5), "when": n.where(n > 0, -n).mask(n.isna()),
    "whent": pandas.Series(numpy.where(b.fillna(False), "yes", "no")).mask(b.isna())}))
save("cast", pandas.DataFrame({
    "nx": n.astype("Float64"), "xn": of(int, x), "nt": of(str, n), "bn": b.astype("Int64"),
    "day": of(lambda value: value, day), "text_of_day": of(lambda value: value.date().isoformat(), day),
    "day_of_text": of(lambda value: value if value == "2015-03-01" else None, g),
    "number": of(lambda value: {"-12": -12.0, "1e3": 1000.0}.get(value), g)}))
save("texts", pandas.DataFrame({
    "lower": of(lambda s: s.replace("Zürich", "zürich").lower(), g), "upper": of(lambda s: s.encode().upper().decode(), g),
    "strip": of(lambda s: s.strip(" \t"), g), "length": of(lambda s: len(s.encode()), g),
    "has": of(lambda s: "i" in s, g), "starts": of(lambda s: s.startswith("t"), g), "ends": of(lambda s: s.endswith("e"), g),
    "cut": of(lambda s: s.encode()[:1].decode(), g), "tail": of(lambda s: s.encode()[-1:].decode(), g),
    "by": of(lambda s: s.replace("a", "<a>"), g), "joined": of(lambda s: s + "/" + s, g)}))
save("parts", pandas.DataFrame({
    "year": of(lambda v: v.year, day), "month": of(lambda v: v.month, day), "dom": of(lambda v: v.day, day),
    "weekday": of(lambda v: v.weekday(), day), "hour": of(lambda v: v.hour, w), "minute": of(lambda v: v.minute, w),
    "second": of(lambda v: v.second, w), "wy": of(lambda v: v.year, w), "wd": of(lambda v: v.weekday(), w),
    "day": w.dt.normalize()}))


def everything(grouped, table):
    names = {}
    for column in ("n", "x"):
        for how in ("sum", "mean", "min", "max", "var", "std", "count", "median", "first", "last", "nunique"):
            names[how + "_" + column] = (column, how)
    for column in ("g", "day", "w", "b"):
        if column == table:
            continue
        for how in ("first", "last", "nunique", "count"):
            names[how + "_" + column] = (column, how)
    return flat(grouped.agg(**names, **{"min_w": ("w", "min"), "max_day": ("day", "max")}) if table not in ("w", "day")
                else grouped.agg(**names))


numbers = wide.assign(n=n.astype("float64"))
for key in ("g", "b", "n", "day"):
    table = numbers.assign(key=wide[key])
    result = everything(table.groupby("key"), key)
    save("group_" + key, result.rename(columns={"key": key}).sort_values(
        key, key=(lambda s: s.map(lambda v: v.encode())) if key == "g" else None))
save("group_missing", flat(numbers.groupby(["b", "n"], dropna=False).agg(sum_x=("x", "sum"), count=("c", "size")))
     .sort_values(["b", "n"]).assign(n=lambda t: t.n.astype("Int64")))
total = numbers[["n", "x"]]
save("whole_frame", pandas.DataFrame({
    "sum_n": [n.sum()], "mean_x": [x.mean()], "count_e": [0], "max_e": [None], "sum_e": [0.0], "count": [rows],
    "max_w": [w.max()], "min_day": [day.min()], "median_x": [x.median()], "sum_b": [b.sum()], "mean_b": [b.astype("Int64").mean()]}))
binary = lambda s: s.map(lambda v: v.encode() if isinstance(v, str) else v) if s.dtype == object else s
save("sort_all", wide.sort_values(["b", "g", "x"], kind="stable", key=binary)[["b", "g", "x", "n"]])
down = wide.sort_values(["w"], ascending=False, kind="stable")[["w", "c", "n"]]
save("sort_down", down)
save("sort_two_ways", wide.sort_values(["b", "n", "x"], ascending=[False, True, False], kind="stable")[["b", "n", "x"]])
save("top_n", wide.assign(n=n.astype("float64")).nlargest(25, "n")[["g", "n"]].assign(n=lambda t: t.n.astype("Int64")))
save("least_w", wide.nsmallest(12, "w")[["w", "n"]])
ranked = wide.sort_values("x", ascending=False, kind="stable").dropna(subset=["b"])
save("group_top", ranked.groupby("b", sort=True).head(3).sort_values(["b", "x"], ascending=[True, False], kind="stable")[["b", "x", "n"]])
save("unique", pandas.DataFrame({"g": wide.g.drop_duplicates()}).assign(c=1))
save("duplicates", wide.drop_duplicates(["b", "n"])[["b", "n", "w"]])
counts = wide.groupby("n").size().rename("count").reset_index().sort_values(["count", "n"], ascending=[False, True], kind="stable")
save("value_counts", counts)
save("limited", wide.head(153)[["n", "g"]])
save("ended", wide.tail(9)[["n", "g"]])
rooms = pandas.DataFrame({"n": [1, 2, 2, 3, 99, None], "b": [True, False, True, True, False, True],
                          "room": ["one", "two", "too", None, "none", "?"]}).astype({"n": "Int64", "b": "boolean"})
save("rooms", rooms)
there = wide.dropna(subset=["n", "b"])[["n", "b", "x", "g"]]
some = rooms.dropna(subset=["n"])
for how in ("inner", "left", "outer", "right"):
    save("rooms_" + how, there.merge(some, on=["n", "b"], how=how).sort_values(["n", "b", "x", "g", "room"], kind="stable", key=binary)
         [["n", "b", "x", "g", "room"]])
known = set(some.n)
save("rooms_semi", wide[n.isin(known).fillna(False)][["n", "x"]])
save("rooms_anti", wide[~n.isin(known).fillna(False)][["n", "x"]])
save("names_differ", there.merge(some.rename(columns={"n": "number"}), left_on="n", right_on="number", how="inner")
     .sort_values(["n", "x", "room"], kind="stable")[["n", "x", "room"]])
save("chained", pandas.concat([wide[["n", "x", "g"]], wide[["g", "x"]].assign(n=wide.x)])[["n", "x", "g"]]
     .assign(n=lambda t: t.n.astype("Float64")))
save("moved", pandas.DataFrame({
    "shift_g": g.shift(3), "shift_b": b.shift(-1), "shift_day": day.shift(2), "diff_n": n.diff(), "diff_x": x.diff(2),
    "cumsum_n": nf.cumsum(), "cummax_x": x.cummax(), "cummin_n": n.cummin(),
    "days": of(lambda v: v.days, day.diff()), "mean": n.astype("float64").rolling(10, min_periods=3).mean(),
    "var": x.rolling(160, min_periods=1).var(), "least": n.astype("float64").rolling(20, min_periods=1).min()}))
timed = wide.dropna(subset=["w"]).sort_values("w", kind="stable").assign(n=lambda t: t.n.astype("float64"))
hours = timed.set_index("w")
save("minutes", flat(hours.resample("15min", origin="epoch").agg(count=("c", "size"), sum_x=("x", "sum"), max_n=("n", "max"), mean_n=("n", "mean"))))
save("hours", pandas.DataFrame({"w": timed.w.values, "sum": hours.x.rolling("3h", min_periods=1).sum().values,
                                "count": hours.x.rolling("3h", min_periods=0).count().values}))
years = wide.dropna(subset=["day"]).assign(n=lambda t: t.n.astype("float64")).set_index("day")
save("years", flat(years.resample("YS").agg(count=("c", "size"), sum_n=("n", "sum"))), has_dates=False)
save("months", flat(years.resample("MS").agg(count=("c", "size"), mean_x=("x", "mean"))), has_dates=False)
table = numbers[["n", "x"]].describe().T.reset_index()
table.columns = ["column", "count", "mean", "std", "min", "q25", "median", "q75", "max"]
save("described_wide", table)
