#!/usr/bin/python3
"""The same as benchmarks/frames.cpp in pandas, or in Dask with two threads on its partitions:
  frame_peer.py pandas|dask questions FILE | joins FOLDER"""
import sys
import time

import pandas


def seconds(name, question, rounds=2):
    best = 1e9
    for _ in range(rounds):
        start = time.perf_counter()
        question()
        best = min(best, time.perf_counter() - start)
    print(name, best)


def read(path):
    return table.read_csv(path).persist() if is_dask else pandas.read_csv(path)


def ask(name, question, rounds=2):
    seconds(name, (lambda: dask.compute(question())) if is_dask else question, rounds)


def joins(folder):
    x, small, medium, big = (read(f"{folder}/{name}.csv") for name in ("x", "small", "medium", "big"))

    def joined(name, right, key, how="inner"):
        def question():
            both = x.merge(right[[key, "v2"]], on=key, how=how)
            return both[["v1", "v2"]].sum(), both.v1.count()
        ask(name, question)

    joined("frame_j1_s", small, "id1")
    joined("frame_j2_s", medium, "id2")
    joined("frame_j3_s", medium, "id2", "left")
    joined("frame_j4_s", medium, "id5")
    joined("frame_j5_s", big, "id3")


def r2(x):
    t = x[["id2", "id4", "v1", "v2"]].astype({"v1": float, "v2": float})
    t = t.assign(ab=t.v1 * t.v2, aa=t.v1 * t.v1, bb=t.v2 * t.v2, n=1)
    s = t.groupby(["id2", "id4"]).sum()
    r = (s.n * s.ab - s.v1 * s.v2) / ((s.n * s.aa - s.v1**2) * (s.n * s.bb - s.v2**2))**0.5
    return r * r


def largest_two(x):
    return x[["id6", "v3"]].sort_values("v3", ascending=False).groupby("id6").head(2)


def questions(path):
    if not is_dask:  # what is read is let go before it is read again
        seconds("csv_s", lambda: pandas.read_csv(path), rounds=1)
        x = pandas.read_csv(path)
    else:
        start = time.perf_counter()
        x = read(path)
        print("csv_s", time.perf_counter() - start)
    ask("frame_q1_s", lambda: x.groupby("id1").agg({"v1": "sum"}))
    ask("frame_q2_s", lambda: x.groupby(["id1", "id2"]).agg({"v1": "sum"}))
    ask("frame_q3_s", lambda: x.groupby("id3").agg({"v1": "sum", "v3": "mean"}))
    ask("frame_q4_s", lambda: x.groupby("id4").agg({"v1": "mean", "v2": "mean", "v3": "mean"}))
    ask("frame_q5_s", lambda: x.groupby("id6").agg({"v1": "sum", "v2": "sum", "v3": "sum"}))
    if is_dask:  # its median of groups needs a shuffle first, as a function of each group
        ask("frame_q6_s", lambda: x.groupby(["id4", "id5"]).v3.apply(
            lambda v: v.median() + v.std(), meta=("v3", float)), rounds=1)
    else:
        ask("frame_q6_s", lambda: x.groupby(["id4", "id5"]).agg({"v3": ["median", "std"]}))
    ask("frame_q7_s", lambda: x.groupby("id3").agg({"v1": "max", "v2": "min"}))
    if not is_dask:  # a million calls of a function take Dask minutes
        ask("frame_q8_s", lambda: largest_two(x))
    ask("frame_q9_s", lambda: r2(x))
    ask("frame_q10_s", lambda: x.groupby(["id1", "id2", "id3", "id4", "id5", "id6"]).agg(
        {"v3": "sum", "v1": "count"}), rounds=1)


peer, what, where = sys.argv[1:]
is_dask = peer == "dask"
if is_dask:
    import dask
    import dask.dataframe as table

    dask.config.set(scheduler="threads", num_workers=2)
joins(where) if what == "joins" else questions(where)
