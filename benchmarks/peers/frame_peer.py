#!/usr/bin/python3
"""The same as benchmarks/frames.cpp in pandas: frame_peer.py FILE, or joins FOLDER"""
import sys
import time

import numpy
import pandas


def seconds(name, question, rounds=2):
    best = 1e9
    for _ in range(rounds):
        start = time.perf_counter()
        question()
        best = min(best, time.perf_counter() - start)
    print(name, best)


def joins(folder):
    x, small, medium, big = (pandas.read_csv(f"{folder}/{name}.csv") for name in ("x", "small", "medium", "big"))

    def joined(name, right, key, how="inner"):
        def question():
            both = x.merge(right[[key, "v2"]], on=key, how=how)
            return both.v1.sum(), both.v2.sum(), len(both)
        seconds(name, question)

    joined("frame_j1_s", small, "id1")
    joined("frame_j2_s", medium, "id2")
    joined("frame_j3_s", medium, "id2", "left")
    joined("frame_j4_s", medium, "id5")
    joined("frame_j5_s", big, "id3")


if sys.argv[1] == "joins":
    joins(sys.argv[2])
    sys.exit()
path = sys.argv[1]
seconds("csv_s", lambda: pandas.read_csv(path), rounds=1)
x = pandas.read_csv(path)
seconds("frame_q1_s", lambda: x.groupby("id1").agg({"v1": "sum"}))
seconds("frame_q2_s", lambda: x.groupby(["id1", "id2"]).agg({"v1": "sum"}))
seconds("frame_q3_s", lambda: x.groupby("id3").agg({"v1": "sum", "v3": "mean"}))
seconds("frame_q4_s", lambda: x.groupby("id4").agg({"v1": "mean", "v2": "mean", "v3": "mean"}))
seconds("frame_q5_s", lambda: x.groupby("id6").agg({"v1": "sum", "v2": "sum", "v3": "sum"}))
seconds("frame_q6_s", lambda: x.groupby(["id4", "id5"]).agg({"v3": ["median", "std"]}))
seconds("frame_q7_s", lambda: x.groupby("id3").agg({"v1": "max", "v2": "min"}).assign(
    range=lambda t: t["v1"] - t["v2"]))

seconds("frame_q8_s", lambda: x[["id6", "v3"]].sort_values("v3", ascending=False).groupby("id6").head(2))


def r2():
    t = x[["id2", "id4", "v1", "v2"]].astype({"v1": float, "v2": float})
    t["ab"], t["aa"], t["bb"] = t.v1 * t.v2, t.v1 * t.v1, t.v2 * t.v2
    t["n"] = 1
    s = t.groupby(["id2", "id4"]).sum()
    r = (s.n * s.ab - s.v1 * s.v2) / numpy.sqrt((s.n * s.aa - s.v1**2) * (s.n * s.bb - s.v2**2))
    return r * r


seconds("frame_q9_s", r2)
seconds("frame_q10_s", lambda: x.groupby(["id1", "id2", "id3", "id4", "id5", "id6"]).agg(
    {"v3": "sum", "v1": "count"}), rounds=1)
