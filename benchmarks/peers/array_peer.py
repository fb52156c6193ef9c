"""What scripts/bench compares arrays with: array_peer.py numpy_std SIDE | dask_std SIDE | dask_outofcore FOLDER. Prints "seconds VALUE"."""
import logging
import sys
import time


def best(work, prepare=lambda: None, repeat=3):
    times = []
    for _ in range(repeat):
        prepared = prepare()
        start = time.perf_counter()
        work(prepared)
        times.append(time.perf_counter() - start)
        del prepared
    print("seconds", min(times))


def numpy_std(side):
    import numpy

    x = numpy.random.default_rng(1).random((side, side))
    best(lambda _: (x - x.mean(1, keepdims=True)).std())


def dask_std(side):
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster, wait

    dask.config.set({"distributed.comm.compression": None})
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None,
                      silence_logs=logging.CRITICAL, memory_limit=0) as cluster, Client(cluster):

        def new_array():  # Dask may still have the result of the same work on the same array
            x = da.random.random((side, side), chunks=(2048, 2048)).persist()
            wait(x)
            return x

        best(lambda x: (x - x.mean(1, keepdims=True)).std().compute(), new_array)


def dask_outofcore(folder):
    """With threads: HDF5 files cannot be sent to other processes."""
    import dask
    import dask.array as da
    import h5py

    with h5py.File(folder + "/big.h5", "r") as source, dask.config.set(scheduler="threads", num_workers=2):
        start = time.perf_counter()
        x = da.from_array(source["x"], chunks=source["x"].chunks)
        da.to_hdf5(folder + "/out.h5", "/anomaly", x - x.mean(1, keepdims=True))
        with h5py.File(folder + "/out.h5", "r") as written:
            da.from_array(written["anomaly"], chunks=written["anomaly"].chunks).std().compute()
        print("seconds", time.perf_counter() - start)


if __name__ == "__main__":
    {"numpy_std": lambda: numpy_std(int(sys.argv[2])), "dask_std": lambda: dask_std(int(sys.argv[2])),
     "dask_outofcore": lambda: dask_outofcore(sys.argv[2])}[sys.argv[1]]()
