"""What being looked at costs: bytes a second to a page, the first picture in a real Chromium, tasks
and elements while three pages follow them."""
import contextlib
import gzip
import http.client
import json
import socket
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

from launch import BIN, ROOT, Failed, Launch, run, values_of, weir_run

sys.path.insert(0, str(ROOT / "tests/dashboard"))
from chromium import Chromium, executable  # noqa: E402
from made_up import made_up  # noqa: E402

PAGES = ["status", "tasks", "workers", "streams", "functions", "graph", "memory", "bandwidth", "profile", "jobs", "failures",
         "system", "log"]
PATIENCE_S = 60
MADE_UP = BIN / "benchmarks/made_up"


class Socket(http.client.HTTPConnection):
    """A connection with the socket of a page."""

    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def wait_for_token(state, socket_path, is_over=lambda: False):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and not is_over():
        for file in Path(state).glob("runs/*/run.json"):
            told = json.loads(file.read_text())
            if told["token"] and Path(socket_path).exists():
                return told["token"]
        time.sleep(0.05)
    return None


def follow(path, token, page, sizes, seconds):
    """Notes down the size of each message that a page gets, until the end."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        there = Socket(path)
        there.request("GET", f"/json/events?page={page}&columns=1200", headers={"Authorization": "Bearer " + token})
        answer = there.getresponse()
        end = time.monotonic() + seconds
        while time.monotonic() < end and (line := answer.readline()):
            if line.startswith(b"data:"):
                sizes.append(len(line))
        there.close()


def bytes_per_s(workers, seconds=10):
    """Of the page that needs most, without the first message, which has all of the past."""
    with made_up(MADE_UP, workers, lambda state: f"unix:{state}/page") as (_, environment):
        state = environment["WEIR_STATE_DIR"]
        token = wait_for_token(state, f"{state}/page")
        if not token:
            raise Failed(f"made_up {workers}: no page within {PATIENCE_S} s")
        sizes = {page: [] for page in PAGES}
        threads = [threading.Thread(target=follow, args=(f"{state}/page", token, page, sizes[page], seconds))
                   for page in PAGES]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return max(sum(each[1:]) / seconds for each in sizes.values() if len(each) > 1)


def measure_bytes():
    few, many = bytes_per_s(10), bytes_per_s(10_000)
    return {"seeing_bytes_per_s": max(few, many), "seeing_bytes_per_s_10_workers": few,
            "seeing_bytes_per_s_10000_workers": many, "seeing_bytes_spread": max(few, many) / min(few, many)}


def measure_picture(seconds=10):
    """From the request to the first picture; the longest time that making one takes afterwards."""
    packed = len(gzip.compress(b"".join(file.read_bytes() for file in (ROOT / "src/dashboard/web").iterdir())))
    names = {"seeing_page_kb": packed / 1000}
    if not executable():
        print("bench: there is no chromium, so that no page is opened; scripts/deps --browser installs it", file=sys.stderr)
        return names | {"seeing_first_picture_s": None, "seeing_frame_ms": None}
    with made_up(MADE_UP, 10_000, lambda _: "28787") as (_, environment), Chromium() as browser:
        deadline = time.monotonic() + PATIENCE_S
        addresses = []
        while not addresses and time.monotonic() < deadline:
            runs = [json.loads(file.read_text())
                    for file in Path(environment["WEIR_STATE_DIR"]).glob("runs/*/run.json")]
            addresses = [f"http://{one['address']}/?token={one['token']}" for one in runs if one["address"]]
            time.sleep(0.1)
        time.sleep(3)
        browser.open(addresses[0])
        if not browser.wait_for("performance.getEntriesByName('picture').length > 0", PATIENCE_S):
            raise Failed("made_up: no picture in the browser")
        first = browser.evaluate("(([one]) => one.startTime + one.duration)(performance.getEntriesByName('picture'))")
        longest = 0
        for page in PAGES:
            browser.evaluate(f"location.hash = '{page}'")
            browser.watch(seconds / len(PAGES))
            longest = max(longest, browser.evaluate(
                "Math.max(...performance.getEntriesByName('picture').slice(1).map(one => one.duration))"))
        return names | {"seeing_first_picture_s": first / 1000, "seeing_frame_ms": longest}


def watched(program, ranks, *arguments, browsers=3):
    """A benchmark while pages follow it."""

    def measure():
        with tempfile.TemporaryDirectory(prefix="weir-bench-") as state:
            path, is_over = f"{state}/page", threading.Event()

            def look():
                token = wait_for_token(state, path, is_over.is_set)
                if token:
                    follow(path, token, "status", [], PATIENCE_S * 10)

            threads = [threading.Thread(target=look) for _ in range(browsers)]
            for thread in threads:
                thread.start()
            command = [BIN / "benchmarks" / program, *arguments]
            try:
                return values_of(run(weir_run(ranks, *command) if ranks else command,
                                     {"WEIR_STATE_DIR": state, "WEIR_DASHBOARD": f"unix:{path}"}))
            finally:
                is_over.set()
                for thread in threads:
                    thread.join()

    return Launch(f"{program}, watched", measure)


def in_turns(name, this, other, key, rounds=9):
    """A figure of two, in turns, since a machine changes more in a minute than being seen costs; medians."""

    def measure():
        sides = {"this": this, "other": other}
        values = {side: [] for side in sides}
        for turn in range(rounds):
            for side in sides if turn % 2 else reversed(sides):
                values[side].append(sides[side].measure()[key])
        return {side: statistics.median(each) for side, each in values.items()}

    return Launch(name, measure)


seeing_bytes = Launch("seeing bytes", measure_bytes)
seeing_picture = Launch("seeing picture", measure_picture)
