"""Arrays beside NumPy, h5py and Dask, measured in the same run where these are installed (scripts/deps --peers)."""
import os
import tempfile
from pathlib import Path

from launch import BIN, ROOT, Failed, Launch, run, values_of, weir_run

PYTHON = "/usr/bin/python3"  # Debian's, which scripts/deps --peers gives the packages to
PEER = ROOT / "benchmarks/peers/array_peer.py"
FUNCTIONS_PEER = ROOT / "benchmarks/peers/array_functions_peer.py"
LIMIT_MB = 1000


def peer(*arguments):
    """What a peer prints; Failed if its packages are not installed."""
    return values_of(run([PYTHON, PEER, *arguments]))


def optional_peer(*arguments):
    try:
        return peer(*arguments)
    except Failed:
        return {}


def array(ranks, program, *arguments):
    return values_of(run(weir_run(ranks, BIN / "benchmarks" / program, *arguments)))


def measure_std(side=16384):
    numpy, dask, ours = peer("numpy_std", side), optional_peer("dask_std", side), array(3, "array_std",
        "--side", side)
    values = {"array_std_speedup": numpy["seconds"] / ours["weir_s"], "numpy_s": numpy["seconds"],
              "array_std_plain_speedup": ours["plain_s"] / ours["weir_s"]}
    if dask:
        values |= {"array_std_over_dask": dask["seconds"] / ours["weir_s"], "dask_s": dask["seconds"]}
    return values


def measure_outofcore(megabytes=8000, rounds=2):
    """The best of rounds in which both take turns; neither waits for what was written before it."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        array(3, "array_outofcore", "make", folder, "--megabytes", megabytes)
        limit = {"WEIR_MEMORY_LIMIT": f"{LIMIT_MB}MB"}
        ours, dask = [], []
        for _ in range(rounds):
            os.sync()
            command = weir_run(3, BIN / "benchmarks/array_outofcore", "run", folder, "--megabytes", megabytes)
            ours.append(values_of(run(command, limit)))
            (Path(folder) / "out.h5").unlink()
            os.sync()
            dask.append(optional_peer("dask_outofcore", folder))
            (Path(folder) / "out.h5").unlink(missing_ok=True)
        values = min(ours, key=lambda one: one["array_outofcore_s"])
        values["array_outofcore_peak"] = max(one["peak_mb"] for one in ours) / LIMIT_MB
        if all(dask):
            best = min(one["seconds"] for one in dask)
            values |= {"dask_s": best, "array_outofcore_over_dask": best / values["array_outofcore_s"]}
        return values


def measure_write(megabytes=1000):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        return array(3, "array_hdf5", folder, "--megabytes", megabytes)


FUNCTIONS_HEADER = ["function", "threads", "ranks", "plain", "NumPy", "Dask", "threads, of plain",
                    "ranks, of plain", "first, threads", "first, ranks"]


def function_rows(threads, ranks, numpy, dask):
    """A row for each function that any of them has measured, the furthest from its plain loop in the same run
    first."""
    names = dict.fromkeys(key.removesuffix("_plain_ms") for key in threads if key.endswith("_plain_ms"))
    rows = []
    for name in names:
        plain, on_ranks = threads[f"{name}_plain_ms"], ranks.get(f"{name}_ms")
        rows.append([name, threads[f"{name}_ms"], on_ranks, plain, numpy.get(f"{name}_ms"),
                     dask.get(f"{name}_ms"), threads[f"{name}_ms"] / plain,
                     on_ranks and on_ranks / ranks[f"{name}_plain_ms"],
                     threads[f"{name}_first_ms"], ranks.get(f"{name}_first_ms")])
    return sorted(rows, key=lambda row: row[6], reverse=True)


def measure_functions(elements=1 << 24, rounds=5):
    """Every array function in milliseconds: best of rounds on two threads and on two worker ranks, the best
    plain loop on two threads, NumPy and Dask (if they are installed) in the same run; and the first round."""
    arguments = ["--elements", elements, "--rounds", rounds]
    program = BIN / "benchmarks/array_functions"
    threads = values_of(run([program, *map(str, arguments)], {"WEIR_THREADS": "2"}))
    ranks = array(3, "array_functions", *arguments)
    peers = []
    for name in ([], ["dask"]):
        try:
            peers.append(values_of(run([PYTHON, FUNCTIONS_PEER, elements, rounds, *name])))
        except Failed:
            peers.append({})
    return function_rows(threads, ranks, *peers)


array_std = Launch("array_std", measure_std)
array_outofcore = Launch("array_outofcore", measure_outofcore)
array_hdf5 = Launch("array_hdf5", measure_write)
