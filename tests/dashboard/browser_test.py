#!/usr/bin/env python3
"""Opens the pages of the dashboard in a real Chromium; skipped, with a sentence, where there is none.

  browser_test.py SEEN_PROGRAM WEIR

Each page shows its text at 1 and at 10,000 workers, directly and behind a proxy that strips a prefix, writes
nothing to the console, asks nothing of anybody else, and shows hostile names as text.
"""
import contextlib
import http.client
import http.server
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

SKIPPED = 77
WEIR = sys.argv.pop()
SEEN_PROGRAM = sys.argv.pop()
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TEXTS = {
    "status": ["Cluster", "Task stream", "Progress", "wave&lt;b&gt;bold&lt;/b&gt;", "thread"],
    "tasks": ["Tasks by state", "Task stream", "processing"],
    "workers": ["Workers by how busy they are", "worker 1", "&lt;img src=x onerror=alert(1)&gt;"],
    "streams": ["no stream"],
    "functions": ["What threads did", "median", "\"'&amp;&lt;fft&gt;"],
    "memory": ["Memory for results", "Results by function"],
    "failures": ["wave-17", "&lt;/script&gt;&lt;script&gt;alert(2)&lt;/script&gt;"],
    "system": ["Process of rank 0", "Cores in use"],
    "log": ["rank 0"],
}


@contextlib.contextmanager
def program(workers):
    """A made-up program with its page; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="weir-browser-") as state:
        port = random.randrange(20000, 60000)
        environment = os.environ | {"WEIR_STATE_DIR": state, "WEIR_DASHBOARD": str(port)}
        child = subprocess.Popen([SEEN_PROGRAM, str(workers)], env=environment, stdin=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL)
        try:
            yield wait_for_run(Path(state), child), environment
        finally:
            child.stdin.close()
            try:
                child.wait(20)
            finally:
                child.kill()


def seconds_of(run):
    """How long the program has run by its own account: there is something to see after a while."""
    page = http.client.HTTPConnection(*run["address"].split(":"), timeout=30)
    with contextlib.closing(page):
        page.request("GET", "/json/picture", headers={"Authorization": "Bearer " + run["token"]})
        response = page.getresponse()
        text = response.read()
        return json.loads(text)["program"]["now_s"] if response.status == 200 else 0


def wait_for_run(state, child):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        for file in state.glob("runs/*/run.json"):
            run = json.loads(file.read_text())
            if run["address"] and seconds_of(run) > 3:
                return run
        time.sleep(0.05)
    raise AssertionError("seen_program: no page within 60 s")


def opened(address, folder, *more):
    """What Chromium makes of an address: the page's elements as text, and what it says on its console."""
    done = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
         "--enable-logging=stderr", f"--user-data-dir={folder}",
         "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
         "--window-size=1280,720", "--virtual-time-budget=5000", *more, "--dump-dom", address],
        capture_output=True, text=True, timeout=120, check=False)
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, console


class Prefix(http.server.BaseHTTPRequestHandler):
    """A proxy as jupyter-server-proxy is one: /proxy/PORT/ goes, everything else stays."""

    target = None
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if not self.path.startswith("/proxy/"):
            return self.send_error(404)
        there = http.client.HTTPConnection(*self.target, timeout=30)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() in ("host", "cookie", "origin")}
        there.request("GET", "/" + self.path.split("/", 3)[3], headers=headers)
        answer = there.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Pages(unittest.TestCase):
    def check(self, address, page, folder):
        elements, console = opened(f"{address}#{page}", folder)
        self.assertEqual(console, [], page)
        for text in TEXTS[page]:
            self.assertTrue(text in elements, f"{page} shows {text}")
        self.assertFalse("<img src=\"x\"" in elements or "<b>bold</b>" in elements, f"{page}: names are HTML")

    def test_pages_of_one_worker(self):
        with program(1) as (run, _), tempfile.TemporaryDirectory() as folder:
            for page in TEXTS:
                self.check(f"http://{run['address']}/?token={run['token']}", page, folder)

    def test_many_workers_and_a_report(self):
        with program(10_000) as (run, environment), tempfile.TemporaryDirectory() as folder:
            for page in ("status", "workers"):
                self.check(f"http://{run['address']}/?token={run['token']}", page, folder)
            report = Path(folder) / "report.html"
            subprocess.run([WEIR, "report", "-o", report], env=environment, check=True,
                           stdout=subprocess.DEVNULL)
            self.assertLess(report.stat().st_size, 2_000_000)
            elements, console = opened(f"file://{report}#failures", folder)
            self.assertEqual(console, [])
            for text in TEXTS["failures"]:
                self.assertTrue(text in elements, f"the report shows {text}")

    def test_behind_a_proxy_that_strips_a_prefix(self):
        with program(1) as (run, _), tempfile.TemporaryDirectory() as folder:
            Prefix.target = run["address"].split(":")
            proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Prefix)
            threading.Thread(target=proxy.serve_forever, daemon=True).start()
            try:
                address = f"http://127.0.0.1:{proxy.server_port}/proxy/8787/?token={run['token']}"
                self.check(address, "status", folder)
            finally:
                proxy.shutdown()
                proxy.server_close()

    def test_without_the_token_nothing_is_shown(self):
        with program(1) as (run, _), tempfile.TemporaryDirectory() as folder:
            elements, _ = opened(f"http://{run['address']}/", folder)
            self.assertIn("needs the token", elements)
            self.assertNotIn("worker 1", elements)


if __name__ == "__main__":
    if not CHROMIUM:
        print("browser_test: skipped, there is no chromium here; `scripts/deps --browser` installs it")
        sys.exit(SKIPPED)
    unittest.main()
