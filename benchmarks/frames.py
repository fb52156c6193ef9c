"""Frames beside pandas, Dask, data.table, DuckDB and Polars, on the same files in the same run."""
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from arrays import PYTHON
from launch import BIN, ROOT, Failed, Launch, run, values_of, weir_run

FOLDER = ROOT / "benchmarks/peers"
PACKAGES = ROOT / "build/peers"  # where scripts/deps --peers puts those of npm
PANDAS, DASK, DATA_TABLE, DUCKDB, POLARS = PEERS = ("pandas", "dask", "data_table", "duckdb", "polars")
FAST = (DUCKDB, POLARS)
QUESTIONS = ("q1", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9", "q10")
JOINS = ("j1", "j2", "j3", "j4", "j5")
FIGURES = ["csv_s", *(f"frame_{question}_s" for question in QUESTIONS + JOINS), "brc_gb_per_s"]
LEVEL = 1.1  # as fast as another, but for what figures differ from run to run


def command_of(peer):
    if peer in FAST:
        return ["node", FOLDER / "frame_peer.mjs", peer]
    return ["Rscript", FOLDER / "frame_peer.R"] if peer == DATA_TABLE else [PYTHON, FOLDER / "frame_peer.py", peer]


def is_installed(peer):
    if peer in FAST:
        package = {DUCKDB: "@duckdb/node-api", POLARS: "nodejs-polars"}[peer]
        return shutil.which("node") is not None and (PACKAGES / "node_modules" / package).is_dir()
    look = ["Rscript", "-e", "library(data.table)"] if peer == DATA_TABLE else [PYTHON, "-c", f"import {peer}"]
    try:
        return subprocess.run(look, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except FileNotFoundError:
        return False


def peers_of(what, where, names=PEERS):
    """What they measure, each under its own name ("duckdb_frame_q1_s"); nothing of those that are missing."""
    values = {f"{peer}_{figure}": None for peer in PEERS for figure in FIGURES}
    for peer in names:
        if not is_installed(peer):
            print(f"bench: {peer} is not installed, so it does not stand beside frames; scripts/deps --peers"
                  " installs it", file=sys.stderr)
            continue
        try:
            found = values_of(run([*command_of(peer), what, where],
                                  {"PEERS": str(PACKAGES), "POLARS_MAX_THREADS": "2"}))
        except Failed as error:
            print(f"bench: {error}", file=sys.stderr)
            continue
        values |= {f"{peer}_{figure}": value for figure, value in found.items()}
    return values


def compared(kind, values, questions):
    """The faster of DuckDB and Polars for each question; in how many we are level with it, the worst, and how
    often Dask's seconds are the least of times."""
    ratios, dask = [], []
    for figure in (f"frame_{question}_s" for question in questions):
        fast = [values[f"{peer}_{figure}"] for peer in FAST if values[f"{peer}_{figure}"] is not None]
        values[f"fast_{figure}"] = min(fast, default=None)
        ratios += [values[figure] / min(fast)] if fast else []
        dask += [values[f"{DASK}_{figure}"] / values[figure]] if values[f"{DASK}_{figure}"] else []
    if ratios:
        values[f"frame_{kind}_level"] = sum(ratio <= LEVEL for ratio in ratios)
        values[f"frame_{kind}_worst"] = max(ratios)
    if dask:
        values[f"frame_{kind}_over_dask"] = min(dask)
    return values


def measure(rows=10_000_000, peers=PEERS):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        table = Path(folder) / "g1.csv"
        run([BIN / "benchmarks/frames", "make", table, "--rows", rows])
        values = values_of(run([BIN / "benchmarks/frames", "read", table], {"WEIR_THREADS": "2"}))
        values |= peers_of("questions", table, peers)
    for peer in (PANDAS, POLARS):
        if values[f"{peer}_csv_s"] is not None:
            values[f"csv_over_{peer}"] = values[f"{peer}_csv_s"] / values["csv_s"]
    return compared("groups", values, QUESTIONS)


def measure_stations(rows=100_000_000):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        stations = Path(folder) / "measurements.txt"
        values = values_of(run([BIN / "benchmarks/frames", "brc", stations, "--rows", rows],
                               {"WEIR_THREADS": "2"}))
        values |= peers_of("brc", stations, FAST)
    fast = [values[f"{peer}_brc_gb_per_s"] for peer in FAST if values[f"{peer}_brc_gb_per_s"] is not None]
    return values | {"fast_brc_gb_per_s": max(fast, default=None)}


def measure_joins(rows=10_000_000, peers=PEERS):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        values = values_of(run([BIN / "benchmarks/frames", "joins", rows, folder], {"WEIR_THREADS": "2"}))
        values |= peers_of("joins", folder, peers)
    return compared("joins", values, JOINS)


def measure_outofcore(rows=160_000_000, limit_mb=1000):
    """A table of 8 GB on two workers of 1 GB."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        table = Path(folder) / "g1.csv"
        run([BIN / "benchmarks/frames", "make", table, "--rows", rows])
        command = weir_run(3, BIN / "benchmarks/frames", "outofcore", table, folder)
        values = values_of(run(command, {"WEIR_MEMORY_LIMIT": f"{limit_mb}MB"}, limit_s=3600))
        values["frame_outofcore_peak"] = values["peak_mb"] / limit_mb
        return values


def table():
    """A row for each question, a column for each peer; in seconds, but for lines of stations in GB/s."""
    values = measure() | {}
    for more in (measure_joins(), measure_stations()):
        values |= {name: value for name, value in more.items() if value is not None}
    return [[figure, *(values.get(name) for name in (figure, *(f"{peer}_{figure}" for peer in PEERS)))]
            for figure in FIGURES]


frames = Launch("frames", measure)
frame_joins = Launch("frame_joins", measure_joins)
stations = Launch("stations", measure_stations)
frame_outofcore = Launch("frame_outofcore", measure_outofcore)
