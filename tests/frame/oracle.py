#!/usr/bin/env python3
"""Writes random tables and what pandas makes of them: oracle.py FOLDER; the names are those of pandas_test.cpp."""
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


left = pandas.DataFrame({
    "k": random.randint(0, 9, rows),
    "i": random.randint(-50, 50, rows),
    "x": holes(random.normal(size=rows).round(4)),
    "t": holes(random.choice(list("abcdef"), rows)),
    "d": pandas.Timestamp("2014-11-01") + pandas.to_timedelta(random.randint(0, 500, rows), "D"),
})
right = pandas.DataFrame({"t": holes(list("abcxyz") * 2), "i": range(12), "z": holes(range(12)).astype("Int64")})


def save(name, table):
    table.to_csv(folder / (name + ".csv"), index=False, date_format="%Y-%m-%d")


def flat(grouped):
    return grouped.reset_index()


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
