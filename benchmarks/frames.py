"""Frames beside pandas, on the same CSV file in the same run."""
import tempfile
from pathlib import Path

from arrays import PYTHON
from launch import BIN, ROOT, Failed, Launch, run, values_of

PEER = ROOT / "benchmarks/peers/frame_peer.py"
QUESTIONS = ("q1", "q2", "q3", "q4", "q5", "q6", "q7", "q9", "q10")


def measure(rows=2_000_000):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        table = Path(folder) / "g1.csv"
        run([BIN / "benchmarks/frames", "make", table, "--rows", rows])
        values = values_of(run([BIN / "benchmarks/frames", "read", table], {"WEIR_THREADS": "2"}))
        try:
            pandas = values_of(run([PYTHON, PEER, table]))
        except Failed:
            return values
        values |= {"pandas_" + name: value for name, value in pandas.items()}
        values["csv_over_pandas"] = pandas["csv_s"] / values["csv_s"]
        return values


frames = Launch("frames", measure)
