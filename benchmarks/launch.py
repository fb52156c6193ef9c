"""How a benchmark is launched: alone, on ranks by `weir run` or by plain mpirun. What it prints as "name value" lines are its results."""
import contextlib
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / "build/release/bin"
TIME_LIMIT_S = 900
TBB_FIGURES = ["tbb_tasks_per_s", "tbb_fan_in_per_s", "tbb_wide_per_s", "tbb_chain_per_s", "tbb_given_per_s",
               "tbb_next_per_s", "tbb_fib_ms", "tbb_roundtrip_us", "tbb_pipe_per_s", "tbb_farm_per_s",
               "tbb_large_farm_per_s", "tbb_element_us"]

# What `weir run` gives its ranks too: permission to run in containers.
ENVIRONMENT = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}


class Failed(Exception):
    """A benchmark that cannot run; the text says which and why."""


@dataclass(frozen=True)
class Launch:
    name: str
    measure: Callable[[], dict[str, float]]


programs = BIN  # where the programs are that `run` starts


@contextlib.contextmanager
def programs_of(folder):
    """Inside, the programs of another build are started."""
    global programs
    before, programs = programs, folder
    try:
        yield
    finally:
        programs = before


def run(command, environment=None, limit_s=TIME_LIMIT_S):
    """Standard output of a command that must succeed."""
    command = [str(part).replace(str(BIN), str(programs), 1) for part in command]
    parts = (os.path.relpath(part, ROOT) if part.startswith(str(ROOT)) else part for part in command[:10])
    shown = " ".join(parts) + (" ..." if len(command) > 10 else "")
    print(f"bench: {shown}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(command, env=os.environ | ENVIRONMENT | (environment or {}),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=None, text=True,
                              timeout=limit_s)
    except FileNotFoundError as error:
        raise Failed(f"{shown}: {error.filename} was not found") from error
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{shown}: has not ended within {limit_s} s") from error
    if done.returncode != 0:
        raise Failed(f"{shown}: ended with status {done.returncode}")
    return done.stdout


def values_of(text):
    return {name: float(value) for name, value in re.findall(r"^(\w+) ([-+.\deE]+)$", text, re.MULTILINE)}


def weir_run(ranks, *program):
    return [BIN / "weir", "run", "-n", ranks, *program]


def mpirun(ranks, *program):
    return ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", ranks, *program]


def weir(ranks, program, *arguments, environment=None):
    """A program of this folder on ranks; 0: alone."""
    command = [BIN / "benchmarks" / program, *arguments]
    name = " ".join([program, *(f"{key}={value}" for key, value in (environment or {}).items())])
    return Launch(name, lambda: values_of(run(weir_run(ranks, *command) if ranks else command, environment)))


def mpi(ranks, program, *arguments):
    return Launch(program, lambda: values_of(run(mpirun(ranks, BIN / "benchmarks" / program, *arguments))))


def beside_two(launch):
    """The same while two other processes compute."""
    def measure():
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            return launch.measure()
        finally:
            for other in others:
                other.kill()
                other.wait()

    return Launch(f"{launch.name} beside two busy processes", measure)


def measure_startup(repeat=5):
    def seconds(command):
        start = time.perf_counter()
        run(command)
        return time.perf_counter() - start

    commands = [mpirun(4, BIN / "benchmarks/raw_empty"), weir_run(4, BIN / "benchmarks/empty")]
    pairs = [[seconds(command) for command in commands] for _ in range(repeat + 1)]
    pairs = pairs[1:]  # the first finds nothing in the page cache
    raw, whole = (statistics.median(times) for times in zip(*pairs))
    return {"startup_extra_s": whole - raw, "raw_s": raw}


def measure_letters(files=40, size="10MB"):
    def speedup(command):
        found = re.search(r"^speed-up +([\d.]+)$", run(command), re.MULTILINE)
        if not found:
            raise Failed("letters: prints no speed-up")
        return float(found[1])

    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        run([BIN / "letters", "--generate", folder, "--files", files, "--size", size], {"WEIR_THREADS": "2"})
        texts = sorted(Path(folder).iterdir())
        return {
            "letters_speedup": speedup(weir_run(3, BIN / "letters", *texts)),
            "letters_speedup_threads": speedup(["env", "WEIR_THREADS=2", BIN / "letters", *texts]),
            "raw": values_of(run([BIN / "benchmarks/raw_letters", *texts]))["speedup"],
        }


def measure_streamz():
    """What streamz reaches; nothing where it is not installed."""
    names = ["stream_local_per_s", "stream_buffer_per_s", "stream_cluster_per_s", "stream_latency_us"]
    python = "/usr/bin/python3"  # Debian's, which scripts/deps --peers gives the packages to
    look = [python, "-c",
            "import importlib.util as u, sys; sys.exit(not (u.find_spec('streamz') and u.find_spec('distributed')))"]
    if subprocess.run(look).returncode != 0:
        print("bench: streamz is not installed, so nothing stands beside the figures of streams; scripts/deps --peers installs it",
              file=sys.stderr)
        return dict.fromkeys(names)
    return values_of(run([python, ROOT / "benchmarks/peers/streamz_peer.py"]))


def measure_tbb():
    """What oneTBB reaches; nothing where it was not there to be built."""
    program = BIN / "benchmarks/raw_tbb"
    if not program.exists():
        print("bench: oneTBB is not installed, so nothing stands beside the figures of one process; scripts/deps --peers installs it",
              file=sys.stderr)
        return dict.fromkeys(TBB_FIGURES)
    return values_of(run([program]))


def weir_threads(count, program, *arguments):
    """A program of this folder as one process with so many worker threads."""
    return Launch(program,
                  lambda: values_of(run([BIN / "benchmarks" / program, *arguments], {"WEIR_THREADS": str(count)})))


def measure_map(commands=4000, of_parallel=400):
    """Commands a second by `weir map` and by GNU parallel, which take turns; nothing where that is not installed."""
    def rate(command, count):
        start = time.perf_counter()
        run([*command, "true", ":::", *map(str, range(count))])
        return count / (time.perf_counter() - start)

    if not shutil.which("parallel"):
        print("bench: GNU parallel is not installed, so weir map has nothing beside it; scripts/deps --peers installs it",
              file=sys.stderr)
        return dict.fromkeys(["map_commands_per_s", "parallel_per_s", "map_times"])
    pairs = [(rate([BIN / "weir", "map", "-j", 2], commands), rate(["parallel", "-j", 2], of_parallel))
             for _ in range(3)]
    ours, theirs = (statistics.median(rates) for rates in zip(*pairs))
    return {"map_commands_per_s": ours, "parallel_per_s": theirs, "map_times": ours / theirs}


def on_hosts(ranks, *command):
    """What a command prints in a job of so many of three emulated hosts; they end with it, also when it fails."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as logs:
        job = [ROOT / "tests/support/with_slurm", "salloc", "-Q", "--exclusive", "-N", ranks, "-n", ranks]
        return values_of(run([*job, *command],
                             {"WITH_SLURM_NODES": "3", "WITH_SLURM_HOSTS": "yes", "WEIR_LOG_DIRECTORY": logs}))


def has_hosts():
    if shutil.which("slurmctld") and os.geteuid() == 0:
        return True
    print("bench: hosts of their own need Slurm (scripts/deps installs it) and root", file=sys.stderr)
    return False


def measure_waiting():
    """A program whose jobs stay in the queue: that of the tests' PBS, which lets none in."""
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as folder:
        site = Path(folder)
        for name in ("qsub", "qstat", "qdel"):
            (site / name).symlink_to(ROOT / "tests/support/fake_pbs")
        (site / "server").mkdir()
        return values_of(run([BIN / "benchmarks/waiting"],
                             {"PATH": f"{site}:{BIN}:{os.environ['PATH']}", "HOME": folder,
                              "FAKE_PBS": site / "server", "FAKE_PBS_RUNNING": "0"}))


def measure_hosts():
    """Workers on hosts of their own, in the MPI job of rank 0 and in a job that joined; bare MPI beside them."""
    names = ["mpi_tasks_per_s", "mpi_roundtrip_us", "mpi_gb_per_s", "tcp_tasks_per_s", "tcp_roundtrip_us",
             "tcp_gb_per_s", "messages_per_s", "roundtrip_us", "reused_gb_per_s"]
    if not has_hosts():
        return dict.fromkeys(names)
    found = on_hosts(2, *weir_run(2, BIN / "benchmarks/tcp_work", "--slurm", 1))
    for program in ("raw_rate", "raw_roundtrip", "raw_transfer"):
        found |= on_hosts(2, *mpirun(2, "--map-by", "node", BIN / "benchmarks" / program))
    return {name: found[name] for name in names}


def measure_three_hosts():
    """Rank 0 and two workers, each on a host of its own: ranks of one MPI job, and jobs that joined."""
    if not has_hosts():
        return dict.fromkeys(f"{kind}_{what}" for kind in ("ranks", "jobs")
                             for what in ("tasks_per_s", "roundtrip_us", "hop_us", "gb_per_s"))
    return (on_hosts(3, *weir_run(3, BIN / "benchmarks/hosts"))
            | on_hosts(1, *weir_run(1, BIN / "benchmarks/hosts", "--jobs", 2)))


hosts = Launch("hosts", measure_hosts)
three_hosts = Launch("three hosts", measure_three_hosts)
waiting = Launch("waiting", measure_waiting)
map_commands = Launch("map", measure_map)
streamz = Launch("streamz", measure_streamz)
tbb = Launch("raw_tbb", measure_tbb)
startup = Launch("startup", measure_startup)
letters_speedup = Launch("letters", measure_letters)
