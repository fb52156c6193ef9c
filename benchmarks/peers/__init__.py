"""Weir, raw MPI, Dask and mpi4py.futures beside each other, two workers each, in one go."""
from dataclasses import dataclass, field

from launch import BIN, ROOT, Failed, mpirun, run, values_of, weir_run

PEERS = ROOT / "benchmarks/peers"
PYTHON = "/usr/bin/python3"  # Debian's, which scripts/deps --peers gives the packages to
FIGURES = [("tasks_per_s", "tasks/s"), ("roundtrip_us", "us"), ("chain_us", "us"),
           ("transfer_gb_per_s", "GB/s")]
# name, the package that must be importable, the command
PROGRAMS = [
    ("Dask", "distributed", [PYTHON, PEERS / "dask_peer.py"]),
    ("mpi4py.futures", "mpi4py", mpirun(3, PYTHON, "-m", "mpi4py.futures", PEERS / "futures_peer.py")),
]


@dataclass
class Row:
    name: str
    unit: str
    weir: float
    raw: float | None
    peers: dict[str, float] = field(default_factory=dict)


def weir_values():
    programs = [("tasks", "--tasks", 10_000, "--repeat", 9),
                ("latency", "--roundtrips", 5_000, "--silences", 0), ("transfer",)]
    values = {}
    for name, *arguments in programs:
        values |= values_of(run(weir_run(3, BIN / "benchmarks" / name, *arguments)))
    return values


def raw_values():
    values = {}
    for name in ("raw_rate", "raw_roundtrip", "raw_transfer"):
        values |= values_of(run(mpirun(2, BIN / "benchmarks" / name)))
    return {"tasks_per_s": values["messages_per_s"], "roundtrip_us": values["roundtrip_us"],
            "chain_us": values["roundtrip_us"], "transfer_gb_per_s": values["fresh_gb_per_s"]}


def compare():
    """Rows, and a sentence for each peer that is missing."""
    weir, raw = weir_values(), raw_values()
    rows = [Row(name, unit, weir[name], raw[name]) for name, unit in FIGURES]
    missing = []
    for name, package, command in PROGRAMS:
        try:
            look = f"import importlib.util, sys; sys.exit(importlib.util.find_spec('{package}') is None)"
            run([PYTHON, "-c", look])
        except Failed:
            missing.append(f"{name} is not installed and was left out; scripts/deps --peers installs it")
            continue
        try:
            values = values_of(run(command))
        except Failed as error:
            missing.append(f"{name} was left out: {error}")
            continue
        for row in rows:
            if row.name in values:
                row.peers[name] = values[row.name]
    return rows, missing


def header():
    return ["figure", "unit", "weir", "raw MPI", *(f"{name} (weir is)" for name, _, _ in PROGRAMS)]


def cells(row, number):
    def times(value):
        factor = value / row.weir if row.name.endswith("_us") else row.weir / value
        return f"{number(value)} ({number(factor)} x)"

    return [row.name, row.unit, number(row.weir), number(row.raw),
            *(times(row.peers[name]) if name in row.peers else "-" for name, _, _ in PROGRAMS)]
