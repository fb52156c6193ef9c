"""A program with made-up tasks and workers, for those who look at its page: browser_test.py, benchmarks/seeing.py."""
import contextlib
import os
import subprocess
import tempfile


@contextlib.contextmanager
def made_up(program, workers, where):
    """Runs `program` with so many workers and its page at `where(state)`; yields its process and environment,
    whose WEIR_STATE_DIR is `state`. Both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="weir-made-up-") as state:
        environment = os.environ | {"WEIR_STATE_DIR": state, "WEIR_DASHBOARD": where(state)}
        child = subprocess.Popen([program, str(workers)], env=environment, stdin=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        try:
            yield child, environment
        finally:
            child.stdin.close()
            try:
                child.wait(20)
            finally:
                child.kill()
