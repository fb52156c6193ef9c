"""The figures of scripts/bench: one row each. A new one is a row here and, if it needs one, a program in this folder."""
from dataclasses import dataclass

from arrays import array_hdf5, array_outofcore, array_std
from bags import bag
from frames import QUESTIONS, frames
from launch import Launch, letters_speedup, mpi, startup, streamz, weir, weir_threads
from seeing import seeing_bytes, seeing_picture, watched


@dataclass(frozen=True)
class Figure:
    name: str
    unit: str
    target: float | None  # what must be reached; None: told for information
    better: str  # "higher" or "lower"
    what: str
    run: Launch  # prints lines "name value"
    raw: tuple[Launch, str] | None = None  # the limit or peer measured in the same run, and its name there
    raw_unit: str | None = None  # if it is not the figure's
    key: str | None = None  # its name in what `run` prints, if it is not the figure's
    is_fraction_of_raw: bool = False  # the figure is what `run` prints divided by raw

    def reached(self, value):
        if self.target is None:
            return None
        return value >= self.target if self.better == "higher" else value <= self.target


tasks = weir(2, "tasks")
latency = weir(2, "latency")
transfer = weir(3, "transfer")
scheduler = weir(0, "scheduler")
raw_rate = mpi(2, "raw_rate")
raw_roundtrip = mpi(2, "raw_roundtrip")
raw_transfer = mpi(2, "raw_transfer")
tcp_join = weir(0, "tcp_join")
tcp_work = weir(2, "tcp_work")
raw_frames = mpi(2, "raw_frames")
stream_local = weir(0, "stream_local")
unseen = {"WEIR_DASHBOARD": "off"}
tasks_unseen = weir(2, "tasks", environment=unseen)
stream_local_unseen = weir(0, "stream_local", environment=unseen)
stream_cluster = weir(2, "stream_cluster")
array_rechunk = weir(3, "array_rechunk")

FIGURES = [
    Figure("tasks_per_s", "tasks/s", 500_000, "higher",
           "1,000,000 tasks that do nothing, submit to gather, 1 worker rank; median of 3",
           tasks, (raw_rate, "messages_per_s")),
    Figure("tasks_per_s_first", "tasks/s", None, "higher",
           "the same, the first run of the program",
           tasks, (raw_rate, "messages_per_s")),
    Figure("roundtrip_us", "us", 10, "lower",
           "submit to result, idle cluster; median of 20,000",
           latency, (raw_roundtrip, "roundtrip_us")),
    Figure("roundtrip_p99_us", "us", 50, "lower",
           "99 of 100 of them are not slower",
           latency, (raw_roundtrip, "roundtrip_p99_us")),
    Figure("first_after_silence_ms", "ms", 2, "lower",
           "the first after a second of silence; median of 5",
           latency, (raw_roundtrip, "first_after_silence_ms")),
    Figure("chain_us", "us", 3, "lower",
           "10,000 tasks, each needs the one before: time per link; median of 5",
           latency, (raw_roundtrip, "roundtrip_us")),
    Figure("tree_tasks_per_s", "tasks/s", 250_000, "higher",
           "binary tree of 32,768 leaves, 2 worker ranks; median of 5",
           weir(3, "tree"), (raw_rate, "messages_per_s")),
    Figure("transfer_ratio", "of raw", 0.7, "higher",
           "128 MB of doubles from worker to worker, against MPI into fresh memory; median of 15",
           transfer, (raw_transfer, "fresh_gb_per_s"), raw_unit="GB/s", key="transfer_gb_per_s",
           is_fraction_of_raw=True),
    Figure("transfer_ratio_vector", "of raw", None, "higher",
           "the same, against MPI into a fresh std::vector",
           transfer, (raw_transfer, "vector_gb_per_s"), raw_unit="GB/s", key="transfer_gb_per_s",
           is_fraction_of_raw=True),
    Figure("transfer_ratio_reused", "of raw", None, "higher",
           "the same, against MPI into memory used before",
           transfer, (raw_transfer, "reused_gb_per_s"), raw_unit="GB/s", key="transfer_gb_per_s",
           is_fraction_of_raw=True),
    Figure("idle_cpu_fraction", "cores", 0.02, "lower",
           "idle cluster, the busiest of 3 ranks; raw: a rank that waits in MPI_Recv",
           weir(3, "idle"), (mpi(2, "raw_idle"), "idle_cpu_fraction")),
    Figure("scheduler_us_per_task", "us", 1, "lower",
           "1,000,000 tasks with dependencies, the worse of 10 and 10,000 simulated workers; median of 3 after a first round",
           scheduler),
    Figure("scheduler_us_per_task_10_workers", "us", None, "lower",
           "with 10 workers",
           scheduler),
    Figure("scheduler_us_per_task_10000_workers", "us", None, "lower",
           "with 10,000 workers",
           scheduler),
    Figure("scheduler_us_spread", "times", 1.5, "lower",
           "how far these are apart",
           scheduler),
    Figure("scheduler_bytes_per_task", "bytes", 300, "lower",
           "growth of the heap at its peak, the worse of 10 and 10,000 workers",
           scheduler),
    Figure("scheduler_bytes_per_task_10_workers", "bytes", None, "lower",
           "with 10 workers",
           scheduler),
    Figure("scheduler_bytes_per_task_10000_workers", "bytes", None, "lower",
           "with 10,000 workers",
           scheduler),
    Figure("scheduler_bytes_spread", "times", 1.5, "lower",
           "how far these are apart",
           scheduler),
    Figure("join_s", "s", 1, "lower",
           "a further worker process: asked for to its first answer",
           tcp_join),
    Figure("join20_s", "s", 3, "lower",
           "twenty at once",
           tcp_join),
    Figure("tcp_tasks_ratio", "of MPI", 0.5, "higher",
           "100,000 small tasks, a worker that joined over TCP against a worker rank; medians of 15",
           tcp_work, (tcp_work, "mpi_tasks_per_s"), raw_unit="tasks/s", key="tcp_tasks_per_s",
           is_fraction_of_raw=True),
    Figure("tcp_roundtrip_us", "us", 100, "lower",
           "submit to result on it; median of 2,000",
           tcp_work),
    Figure("tcp_transfer_ratio", "of raw", 0.5, "higher",
           "256 MB from it, against a plain loopback socket into fresh memory; best of 3",
           tcp_work, (tcp_work, "socket_fresh_gb_per_s"), raw_unit="GB/s", key="tcp_gb_per_s",
           is_fraction_of_raw=True),
    Figure("tcp_transfer_ratio_reused", "of raw", None, "higher",
           "the same, against a plain socket into memory used before",
           tcp_work, (tcp_work, "socket_gb_per_s"), raw_unit="GB/s", key="tcp_gb_per_s",
           is_fraction_of_raw=True),
    Figure("stream_local_per_s", "elements/s", 50_000_000, "higher",
           "emit through map, filter, sink; median of 5; raw: streamz",
           stream_local, (streamz, "stream_local_per_s")),
    Figure("stream_buffer_per_s", "elements/s", 2_000_000, "higher",
           "a buffer between two threads; median of 5; raw: streamz",
           stream_local, (streamz, "stream_buffer_per_s")),
    Figure("stream_cluster_per_s", "elements/s", 1_000_000, "higher",
           "ints through scatter.map.gather, 1 worker rank, in order; median of 5; raw: streamz on Dask",
           stream_cluster, (streamz, "stream_cluster_per_s")),
    Figure("stream_frames_ratio", "of raw", 0.5, "higher",
           "8 MB frames through scatter.map.gather, against MPI there and back into a fresh std::vector; median of 5",
           stream_cluster, (raw_frames, "frames_vector_per_s"), raw_unit="frames/s",
           key="stream_frames_per_s", is_fraction_of_raw=True),
    Figure("stream_frames_ratio_reused", "of raw", None, "higher",
           "the same, against MPI into memory used before",
           stream_cluster, (raw_frames, "frames_reused_per_s"), raw_unit="frames/s",
           key="stream_frames_per_s", is_fraction_of_raw=True),
    Figure("stream_latency_us", "us", 15, "lower",
           "one int through an idle scatter.map.gather; median of 20,000; raw: streamz on Dask",
           stream_cluster, (streamz, "stream_latency_us")),
    Figure("stream_overlap_s", "s", 2.1, "lower",
           "ten tasks of a second, 8 in flight, 5 worker threads",
           weir_threads(5, "stream_cluster", "overlap")),
    Figure("startup_extra_s", "s", 0.5, "lower",
           "weir run -n 4 of an empty body beyond mpirun -n 4 of an empty MPI program (raw); median of 5",
           startup, (startup, "raw_s")),
    Figure("letters_speedup", "times", 1.8, "higher",
           "40 files of 10 MB on 2 worker ranks against sequential; raw: 2 plain processes",
           letters_speedup, (letters_speedup, "raw")),
    Figure("letters_speedup_threads", "times", None, "higher",
           "the same with 2 worker threads",
           letters_speedup, (letters_speedup, "raw")),
    Figure("array_std_speedup", "times", 1.6, "higher",
           "(x - x.mean(1)).std() of 2 GB in memory, 2 worker ranks, against one process of NumPy; raw: its seconds",
           array_std, (array_std, "numpy_s"), raw_unit="s"),
    Figure("array_std_over_dask", "times", 1, "higher",
           "the same against Dask with 2 worker processes; raw: its seconds",
           array_std, (array_std, "dask_s"), raw_unit="s"),
    Figure("array_std_plain_speedup", "times", None, "higher",
           "the same against one thread of plain loops with NumPy's intermediate arrays",
           array_std),
    Figure("array_outofcore_s", "s", None, "lower",
           "the same from and to HDF5, 8 GB, 2 worker ranks of 1 GB each; best of 2",
           array_outofcore),
    Figure("array_outofcore_peak", "of limit", 1, "lower",
           "the most memory a worker ever had, against its limit",
           array_outofcore),
    Figure("array_outofcore_over_dask", "times", 1, "higher",
           "the same against Dask with 2 threads, which take turns with it; best of 2; raw: its seconds",
           array_outofcore, (array_outofcore, "dask_s"), raw_unit="s"),
    Figure("hdf5_write_ratio", "of raw", 0.8, "higher",
           "to_hdf5 of 1 GB, uncompressed, 2 worker ranks, against two processes with plain pwrite; median of 5",
           array_hdf5, (array_hdf5, "pwrite_gb_per_s"), raw_unit="GB/s", key="write_gb_per_s",
           is_fraction_of_raw=True),
    Figure("rechunk_ratio", "of raw", 0.4, "higher",
           "rows to columns of 2 GB, 2 worker ranks, against memcpy, both in memory used before; median of 7 after 4",
           array_rechunk, (array_rechunk, "memcpy_gb_per_s"), raw_unit="GB/s", key="rechunk_gb_per_s",
           is_fraction_of_raw=True),
    Figure("rechunk_first", "GB/s", None, "higher",
           "its first round, into new memory",
           array_rechunk, key="rechunk_first_gb_per_s"),
    Figure("stencil_speedup", "times", 1.6, "higher",
           "heat stencil, 4096 x 4096, 100 steps, 2 worker ranks, against the same function in one process; median of 3; raw: its seconds",
           array_rechunk, (array_rechunk, "stencil_plain_s"), raw_unit="s"),
    Figure("stencil_speedup_reused", "times", None, "higher",
           "the same against one process that writes into memory used before",
           array_rechunk, (array_rechunk, "stencil_reused_s"), raw_unit="s"),
    Figure("bag_words_over_dask", "times", 20, "higher",
           "the 10 most frequent words of 200 MB in 16 gz files, 2 threads, against dask.bag with 2 processes; raw: its seconds",
           bag, (bag, "dask_words_s"), raw_unit="s"),
    Figure("bag_json_over_dask", "times", 20, "higher",
           "the 10 most frequent names in 200 MB of JSON lines, the same way",
           bag, (bag, "dask_json_s"), raw_unit="s"),
    Figure("bag_json_ratio", "of raw", 0.5, "higher",
           "the same against simdjson alone on 2 threads",
           bag, (bag, "simdjson_mb_per_s"), raw_unit="MB/s", key="json_mb_per_s", is_fraction_of_raw=True),
    Figure("seeing_cost_tasks", "of unseen", 0.99, "higher",
           "tasks that do nothing with counters on and nobody looking, against WEIR_DASHBOARD=off",
           tasks, (tasks_unseen, "tasks_per_s"), raw_unit="tasks/s", key="tasks_per_s", is_fraction_of_raw=True),
    Figure("seeing_cost_streams", "of unseen", 0.99, "higher",
           "elements of a local stream, likewise",
           stream_local, (stream_local_unseen, "stream_local_per_s"), raw_unit="elements/s",
           key="stream_local_per_s", is_fraction_of_raw=True),
    Figure("seeing_cost_watched", "of unseen", 0.97, "higher",
           "tasks that do nothing while three pages follow them, likewise",
           watched("tasks", 2), (tasks_unseen, "tasks_per_s"), raw_unit="tasks/s", key="tasks_per_s",
           is_fraction_of_raw=True),
    Figure("seeing_bytes_per_s", "bytes/s", 100_000, "lower",
           "to the page that needs most, the worse of 10 and 10,000 made-up workers; after its first message",
           seeing_bytes),
    Figure("seeing_bytes_per_s_10_workers", "bytes/s", None, "lower", "with 10 workers", seeing_bytes),
    Figure("seeing_bytes_per_s_10000_workers", "bytes/s", None, "lower", "with 10,000 workers", seeing_bytes),
    Figure("seeing_bytes_spread", "times", 1.5, "lower", "how far these are apart", seeing_bytes),
    Figure("seeing_first_picture_s", "s", 1, "lower",
           "from the request to the first picture in Chromium, 10,000 made-up workers",
           seeing_picture),
    Figure("seeing_frame_ms", "ms", 50, "lower", "the longest that a picture takes afterwards, on any page",
           seeing_picture),
    Figure("seeing_page_kb", "kB", 60, "lower", "all files of the page, gzipped", seeing_picture),
    Figure("seeing_memory_mb", "MB", 64, "lower",
           "growth of the process over 20,000,000 tasks that do nothing, after the first 3,000,000, with the page on",
           weir(0, "seeing_memory")),
    Figure("csv_gb_per_s", "GB/s", None, "higher",
           "read_csv of a table of 2,000,000 rows and 9 columns (100 MB), types found out, 2 threads; best of 2",
           frames),
    Figure("csv_over_pandas", "times", 10, "higher",
           "the same against pandas; raw: its seconds",
           frames, (frames, "pandas_csv_s"), raw_unit="s"),
    *(Figure(f"frame_{question}_s", "s", None, "lower",
             f"question {question[1:]} of db-benchmark's group-by on that table, 2 threads; best of 2; raw: pandas",
             frames, (frames, f"pandas_frame_{question}_s"), raw_unit="s") for question in QUESTIONS),
    Figure("graph_s", "s", 1, "lower",
           "100,000 chunk tasks built, fused and submitted",
           weir(0, "array_graph")),
]
