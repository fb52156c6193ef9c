"""streamz, here and on a Dask worker process: prints "name value" lines."""
import logging
import statistics
import sys
import threading
import time

import dask
from distributed import Client, LocalCluster
from streamz import Stream

LOCAL, BUFFERED, ON_CLUSTER, ROUNDTRIPS = 200_000, 20_000, 1_000, 100


def increment(x):
    return x + 1


def nothing(x):
    pass


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def feed(source, count):
    for x in range(count):
        source.emit(x)


def local():
    source = Stream()
    source.map(increment).filter(lambda x: x > 0).sink(nothing)
    print("stream_local_per_s",
          LOCAL / statistics.median(seconds(lambda: feed(source, LOCAL)) for _ in range(3)))


def buffered():
    source, seen, all_seen = Stream(asynchronous=False), [0], threading.Event()

    def count(x):
        seen[0] += 1
        if seen[0] % BUFFERED == 0:
            all_seen.set()

    source.buffer(1024).sink(count)

    def run():
        all_seen.clear()
        feed(source, BUFFERED)
        all_seen.wait()

    print("stream_buffer_per_s", BUFFERED / statistics.median(seconds(run) for _ in range(3)))


def on_cluster():
    source, seen, all_seen = Stream(), [0], threading.Event()

    def count(x):
        seen[0] += 1
        if seen[0] == ON_CLUSTER:
            all_seen.set()

    source.scatter().map(increment).buffer(50).gather().sink(count)

    def run():
        feed(source, ON_CLUSTER)
        all_seen.wait()

    print("stream_cluster_per_s", ON_CLUSTER / seconds(run))
    source = Stream()
    source.scatter().map(increment).gather().sink(nothing)
    times = []
    for x in range(ROUNDTRIPS):
        times.append(seconds(lambda: source.emit(x)))
    print("stream_latency_us", statistics.median(times) * 1e6)


def main():
    dask.config.set({"distributed.comm.compression": None})
    local()
    buffered()
    with LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None,
                      silence_logs=logging.CRITICAL) as cluster, Client(cluster):
        on_cluster()
    sys.stdout.flush()


if __name__ == "__main__":
    main()
