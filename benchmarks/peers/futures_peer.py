"""mpi4py.futures on two workers: prints "name value" lines. It knows no dependencies: a link of a chain waits for the one before, and what a worker made passes through rank 0."""
import statistics
import time

import numpy
from mpi4py.futures import MPIPoolExecutor

TASKS, ROUNDTRIPS, LINKS, BYTES = 10_000, 2_000, 1_000, 128_000_000


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
    with MPIPoolExecutor(max_workers=2) as pool:

        def tasks():
            list(pool.map(same, range(TASKS)))

        def chain():
            last = 0
            for _ in range(LINKS):
                last = pool.submit(increment, last).result()

        def transfer(i):
            pool.submit(ends, pool.submit(make, i).result()).result()

        tasks()
        print("tasks_per_s", TASKS / statistics.median(seconds(tasks) for _ in range(3)))
        trips = [seconds(lambda: pool.submit(increment, 1).result()) for _ in range(ROUNDTRIPS)]
        print("roundtrip_us", statistics.median(trips) * 1e6)
        print("chain_us", seconds(chain) / LINKS * 1e6)
        times = [seconds(lambda: transfer(i)) for i in range(4)]
        print("transfer_gb_per_s", BYTES / statistics.median(times[1:]) / 1e9)


if __name__ == "__main__":
    main()
