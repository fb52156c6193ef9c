"""Frames beside pandas, on the same CSV file in the same run."""
import tempfile
from pathlib import Path

from arrays import PYTHON
from launch import BIN, ROOT, Failed, Launch, run, values_of, weir_run

PEER = ROOT / "benchmarks/peers/frame_peer.py"
QUESTIONS = ("q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10")
JOINS = ("j1", "j2", "j3", "j4", "j5")


def measure(rows=2_000_000):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        table = Path(folder) / "g1.csv"
        run([BIN / "benchmarks/frames", "make", table, "--rows", rows])
        values = values_of(run([BIN / "benchmarks/frames", "read", table], {"WEIR_THREADS": "2"}))
        stations = Path(folder) / "measurements.txt"
        values |= values_of(run([BIN / "benchmarks/frames", "brc", stations], {"WEIR_THREADS": "2"}))
        try:
            pandas = values_of(run([PYTHON, PEER, table]))
        except Failed:
            return values
        values |= {"pandas_" + name: value for name, value in pandas.items()}
        values["csv_over_pandas"] = pandas["csv_s"] / values["csv_s"]
        return values


def measure_joins(rows=2_000_000):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        values = values_of(run([BIN / "benchmarks/frames", "joins", rows, folder], {"WEIR_THREADS": "2"}))
        try:
            pandas = values_of(run([PYTHON, PEER, "joins", folder]))
        except Failed:
            return values
        return values | {"pandas_" + name: value for name, value in pandas.items()}


def measure_outofcore(rows=80_000_000, limit_mb=1000):
    """A table of 4 GB on two workers of 1 GB."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        table = Path(folder) / "g1.csv"
        run([BIN / "benchmarks/frames", "make", table, "--rows", rows])
        command = weir_run(3, BIN / "benchmarks/frames", "outofcore", table, folder)
        values = values_of(run(command, {"WEIR_MEMORY_LIMIT": f"{limit_mb}MB"}))
        values["frame_outofcore_peak"] = values["peak_mb"] / limit_mb
        return values


frames = Launch("frames", measure)
frame_joins = Launch("frame_joins", measure_joins)
frame_outofcore = Launch("frame_outofcore", measure_outofcore)
