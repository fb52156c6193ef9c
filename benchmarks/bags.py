"""Bags beside dask.bag and simdjson alone, on the same files in the same run."""
import tempfile

from arrays import PYTHON
from launch import BIN, ROOT, Failed, Launch, run, values_of

PEER = ROOT / "benchmarks/peers/bag_peer.py"


def dask_s(what, folder):
    try:
        return values_of(run([PYTHON, PEER, what, folder]))["seconds"]
    except Failed:
        return None


def measure(megabytes=200):
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        run([BIN / "benchmarks/bag", "make", folder, "--megabytes", megabytes])
        ours = values_of(run([BIN / "benchmarks/bag", "run", folder], {"WEIR_THREADS": "2"}))
        values = {"json_mb_per_s": ours["json_mb_per_s"], "simdjson_mb_per_s": ours["simdjson_mb_per_s"]}
        for what in ("words", "json"):
            peer_s = dask_s(what, folder)
            if peer_s is not None:
                values |= {f"bag_{what}_over_dask": peer_s / ours[f"{what}_s"], f"dask_{what}_s": peer_s}
        return values


bag = Launch("bag", measure)
