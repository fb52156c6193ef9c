"""Dask on two worker processes: prints "name value" lines."""
import logging
import statistics
import time

import dask
import numpy
from distributed import Client, LocalCluster, wait

TASKS, ROUNDTRIPS, LINKS, BYTES = 10_000, 200, 1_000, 128_000_000


def same(x):
    return x


def increment(x):
    return x + 1


def make(i):
    return numpy.full(BYTES // 8, float(i))


def ends(values):
    return values[0] + values[-1]


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    dask.config.set({"distributed.comm.compression": None})
    settings = {"processes": True, "dashboard_address": None, "silence_logs": logging.CRITICAL}
    with LocalCluster(n_workers=2, threads_per_worker=1, **settings) as cluster, Client(cluster) as client:
        client.wait_for_workers(2)
        offset = iter(range(1_000))

        def tasks():
            first = next(offset) * TASKS  # other arguments each time: equal calls would share a result
            client.gather(client.map(same, range(first, first + TASKS)))

        def chain():
            last = client.submit(increment, 0, pure=False)
            for _ in range(LINKS - 1):
                last = client.submit(increment, last, pure=False)
            last.result()

        client.gather(client.map(increment, range(1_000)))
        print("tasks_per_s", TASKS / statistics.median(seconds(tasks) for _ in range(3)))
        trips = [seconds(lambda: client.submit(increment, 1, pure=False).result()) for _ in range(ROUNDTRIPS)]
        print("roundtrip_us", statistics.median(trips) * 1e6)
        print("chain_us", seconds(chain) / LINKS * 1e6)

        workers = list(client.scheduler_info()["workers"])
        times = []
        for i in range(5):
            there = client.submit(make, i, workers=workers[0], pure=False)
            wait(there)
            times.append(seconds(lambda: client.submit(ends, there, workers=workers[1], pure=False).result()))
        print("transfer_gb_per_s", BYTES / statistics.median(times[1:]) / 1e9)


if __name__ == "__main__":
    main()
