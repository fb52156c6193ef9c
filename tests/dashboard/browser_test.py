#!/usr/bin/env python3
"""Opens the pages of the dashboard in a real Chromium; skipped, with a sentence, where there is none.

  browser_test.py SEEN_PROGRAM WEIR

Each page shows its text at 1, 100 and 10,000 workers, writes nothing to the console, asks nothing of
anybody else and shows hostile names as text; behind proxies that strip a prefix, through a socket, and in
a report.
"""
import contextlib
import http.client
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from chromium import Chromium, executable  # noqa: E402
from made_up import made_up  # noqa: E402

SKIPPED = 77
TEXTS = {
    "status": ["Cluster", "Task stream", "Progress", "wave<b>bold</b>", "threads", "Workers: memory"],
    "tasks": ["Tasks by state", "Task stream", "processing", "draw across a stretch", "waits for inputs",
              "serialization", "failed", "The tasks that took longest", "900 ms",
              "has run", "wave<b>bold</b>-2"],
    "workers": ["Workers by how busy they are", "worker 1", "<img src=x onerror=alert(1)>"],
    "streams": ["<map: <u>fft</u>> is the limit: 97% busy; what is above it waits 81% of the time", "dropped",
                "<source: frames>", "2020-09-13T12:26:40Z, "],
    "functions": ["What threads did", "median", "\"'&<fft>", "Thread seconds by function and activity",
                  "threads without a task", "serialization"],
    "graph": ["3 of 1.00 M", "processing", "Functions"],
    "memory": ["Memory for results", "Results by function", "all 100 results"],
    "bandwidth": ["point at a square", "worker 2", "100 B"],
    "profile": ["<b>wave</b>(int)", "part 2", "90%", "100 a second"],
    "jobs": ["Cluster of slurm: 2 jobs wanted, 1 queued", "<i>QOSMaxJobs</i>", "4711", "the program itself"],
    "failures": ["wave-17", "</script><script>alert(2)</script>"],
    "system": ["Process of rank 0", "Cores in use", "Disks of workers", "Open files of rank 0"],
    "log": ["Log of rank 0 and of workers", "<img src=x onerror=alert(3)>"],
}


@contextlib.contextmanager
def program(workers, where=None):
    """A made-up program with its page; gone afterwards."""
    where = where or str(random.randrange(20000, 60000))
    with made_up(SEEN_PROGRAM, workers, lambda _: where) as (child, environment):
        yield wait_for_run(Path(environment["WEIR_STATE_DIR"]), child), environment


def get(run, target, headers):
    """Status and text of an answer."""
    page = http.client.HTTPConnection(*run["address"].split(":"), timeout=30)
    with contextlib.closing(page):
        page.request("GET", target, headers=headers)
        response = page.getresponse()
        return response.status, response.read().decode()


def seconds_of(run):
    """How long the program has run by its own account: there is something to see after a while."""
    if run["address"].startswith("unix:"):
        return 3
    status, text = get(run, "/json/picture", {"Authorization": "Bearer " + run["token"]})
    return json.loads(text)["program"]["now_s"] if status == 200 else 0


def wait_for_run(state, child):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        for file in state.glob("runs/*/run.json"):
            run = json.loads(file.read_text())
            if run["address"] and seconds_of(run) > 2:
                return run
        time.sleep(0.05)
    raise AssertionError("seen_program: no page within 60 s")


def wait_for_record(environment):
    """Until something of the run's second second is on disk."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for file in Path(environment["WEIR_STATE_DIR"]).glob("runs/*/record.json"):
            if len(json.loads(file.read_text())["history"]["rows"]) > 2:
                return
        time.sleep(0.05)
    raise AssertionError("seen_program: no record within 60 s")


class Prefix(http.server.BaseHTTPRequestHandler):
    """A proxy as jupyter-server-proxy is one: /proxy/PORT/ goes, everything else stays. Or as Open OnDemand:
    /node/HOST/PORT/ stays."""

    target = None
    keeps_back = False  # until an answer is whole, which one that is followed never is

    def do_GET(self):
        if not self.path.startswith(("/proxy/", "/node/")):
            return self.send_error(404)
        path = "/" + self.path.split("/", 3)[3] if self.path.startswith("/proxy/") else self.path
        there = http.client.HTTPConnection(*self.target, timeout=30)
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() in ("host", "cookie", "origin")}
        there.request("GET", path, headers=headers)
        answer = there.getresponse()
        with contextlib.suppress(OSError, TimeoutError):
            body = answer.read() if self.keeps_back else None
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                self.send_header(name, value)
            self.end_headers()
            while part := body or answer.read1(65536):
                self.wfile.write(part)
                if body:
                    return

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def proxy_of(run, keeps_back):
    handler = type("Handler", (Prefix,), {"target": run["address"].split(":"), "keeps_back": keeps_back})
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{proxy.server_port}/proxy/8787/"
    finally:
        proxy.shutdown()
        proxy.server_close()


@contextlib.contextmanager
def forwarded(path):
    """A port that leads to a socket, as `ssh -L` makes one."""
    door = socket.create_server(("127.0.0.1", 0))

    def pump(a, b):
        with contextlib.suppress(OSError):
            while part := a.recv(65536):
                b.sendall(part)
            b.shutdown(socket.SHUT_WR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                here = door.accept()[0]
                there = socket.socket(socket.AF_UNIX)
                there.connect(path)
                threading.Thread(target=pump, args=(here, there), daemon=True).start()
                threading.Thread(target=pump, args=(there, here), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with contextlib.closing(door):
        yield f"http://127.0.0.1:{door.getsockname()[1]}/"


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.browser = Chromium()

    @classmethod
    def tearDownClass(cls):
        cls.browser.__exit__()

    def shows(self, page):
        texts = json.dumps(TEXTS[page])
        is_there = (f"(text => {texts}.every(part => text.includes(part)))"
                    "(document.getElementById('page')?.innerText ?? '') "
                    f"&& document.querySelector('#tabs [aria-current]')?.textContent === '{page}'")
        if not self.browser.wait_for(is_there):
            shown = self.browser.evaluate("document.body.innerText")
            self.fail(f"{page} must show {TEXTS[page]} (got {shown[:1500]})")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#page img, #page script, b b').length"), 0,
                         f"{page}: names are HTML")

    def check(self, origin, token, pages=TEXTS, loses=()):
        self.browser.open("about:blank")
        self.browser.forget()
        self.browser.open(f"{origin}?token={token}")
        for page in pages:
            self.browser.evaluate(f"location.hash = '{page}'")
            self.shows(page)
        # What a page before has still asked for, of a program or proxy that has gone, is not of this one.
        said = [line for line in self.browser.console if "http" not in line or origin in line]
        self.assertEqual([line for line in said if not line.startswith(loses)], [])
        self.assertEqual([address for address in self.browser.asked
                          if not address.startswith((origin, "about:"))], [])
        self.assertNotIn("token", self.browser.evaluate("location.href"))

    @staticmethod
    def there(text):
        return f"document.getElementById('page').innerText.includes({json.dumps(text)})"

    def tells(self, text, hash=None):
        """Waits until the page has this text; after going to another one, if `hash` names it."""
        if hash:
            self.browser.evaluate(f"location.hash = '{hash}'")
        self.assertTrue(self.browser.wait_for(self.there(text)),
                        f"no {text}: {self.browser.evaluate('document.body.innerText')[:1500]}")

    def press(self, text):
        self.browser.evaluate("[...document.querySelectorAll('button, a')]"
                              f".find(one => one.textContent === {json.dumps(text)}).click()")

    def stays(self, what, is_so):
        """Whether this is so after the page has been drawn again twice, once it has been made so."""
        for _ in range(2):
            self.browser.evaluate("document.getElementById('page').firstChild.isOld = true")
            self.assertTrue(self.browser.wait_for("!document.getElementById('page').firstChild.isOld"))
        self.assertTrue(self.browser.evaluate(is_so), what)

    def draw_across(self, label, text):
        """Chooses the right half of a canvas, as one does with a mouse, until the page tells this; what is
        above a canvas may move it while one aims."""
        canvas = f"document.querySelector('canvas[aria-label^={json.dumps(label)}]')"
        for _ in range(5):
            self.browser.evaluate(canvas + ".scrollIntoView({block: 'center'})")
            left, wide, middle = self.browser.evaluate(
                f"((box) => [box.left, box.width, box.top + box.height / 2])({canvas}.getBoundingClientRect())")
            for kind, x in (("mousePressed", 0.5), ("mouseMoved", 0.7), ("mouseReleased", 0.98)):
                self.browser.call("Input.dispatchMouseEvent", type=kind, x=left + x * wide, y=middle,
                                  button="left", buttons=1, clickCount=1)
            if self.browser.wait_for(self.there(text), 3):
                return
        self.tells(text)

    def look_closer(self):
        """One task, one worker, a stretch of the task stream and of a profile."""
        self.tells("wave<b>bold</b>-2", "task/2")
        self.tells("it waits for <i>another</i>")
        self.press("wave<b>bold</b>-1")
        self.tells("wave<b>bold</b>-1\n")
        self.tells("task 99 is not known", "task/99")
        self.tells("<b>slow</b>", "task/40")
        self.tells("<img src=x onerror=alert(3)>", "worker/1")
        self.tells("Tasks it has: 1", "worker/1")
        self.tells("5.00 MB/s")
        self.tells("worker 77 is not known", "worker/77")
        self.press("status")
        self.tells("Workers: memory", "status")
        self.press("transfer")
        self.tells("Workers: transfer")
        self.tells("draw across a stretch", "tasks")
        self.draw_across("task stream", "show it alone")
        self.tells("wave<b>bold</b>")
        self.press("show it alone")
        self.tells("draw across a stretch")
        self.browser.evaluate("[...document.querySelectorAll('#page button')][1].focus()")
        self.stays("a button keeps the focus", "document.activeElement.textContent === '5 min'")
        self.tells("wave-17", "failures")
        self.browser.evaluate("document.querySelector('details').open = true")
        self.stays("what was opened stays open", "document.querySelectorAll('details[open]').length === 1")
        self.tells("Cores that workers use", "profile")
        self.draw_across("over time", "from ")

    def test_one_worker_and_who_may_look(self):
        with program(1) as (run, _):
            origin = f"http://{run['address']}/"
            self.check(origin, run["token"])
            self.look_closer()
            said = [line for line in self.browser.console if "http" not in line or origin in line]
            self.assertEqual(said, [])
            good = {"Authorization": "Bearer " + run["token"]}
            for target in ("/", "/json/picture", "/json/events", "/app.js", "/metrics"):
                self.assertEqual(get(run, target, {})[0], 401, target)
                self.assertEqual(get(run, target, good | {"Host": "evil.example"})[0], 421, target)
                self.assertEqual(get(run, target, good | {"Origin": "http://evil.example"})[0], 403, target)
            self.assertEqual(get(run, "/health", {}), (200, "ok\n"))

    def test_a_hundred_workers_behind_proxies_and_a_report(self):
        with program(100) as (run, environment), tempfile.TemporaryDirectory() as folder:
            self.check(f"http://{run['address']}/", run["token"])
            for keeps_back in (False, True):
                with proxy_of(run, keeps_back) as origin:
                    self.check(origin, run["token"], ["status", "failures"],
                               loses=("WebSocket connection to ",) if keeps_back else ())
                    if not keeps_back:
                        self.check(origin.replace("proxy/8787", "node/n17/8787"), run["token"], ["jobs"])
            report = Path(folder) / "report.html"
            subprocess.run([WEIR, "report", "-o", report], env=environment, check=True,
                           stdout=subprocess.DEVNULL)
            self.assertLess(report.stat().st_size, 2_000_000)
            self.browser.forget()
            self.browser.open(f"file://{report}")
            for page in TEXTS:
                self.browser.evaluate(f"location.hash = '{page}'")
                self.shows(page)
            self.tells("<b>slow</b>", "task/40")  # a slow and a failed one, with their stories
            self.tells("<b>submitted</b>", "task/41")
            self.tells("this is none of them", "task/42")
            # The proxy that has gone is still asked for by the page before.
            self.assertEqual([line for line in self.browser.console if "http:" not in line], [])
            asked = [one for one in self.browser.asked if not one.startswith(("file://", origin))]
            self.assertEqual(asked, [])

    def test_ten_thousand_workers(self):
        with program(10_000) as (run, _):
            self.check(f"http://{run['address']}/", run["token"])

    def test_through_a_socket_and_what_a_kill_leaves(self):
        with tempfile.TemporaryDirectory(prefix="weir-browser-") as folder:
            with program(1, f"unix:{folder}/page") as (run, environment):
                with forwarded(f"{folder}/page") as origin:
                    self.check(origin, run["token"], ["status"])
                wait_for_record(environment)
                for options, texts in (
                        ([], ["limited by ", "is the limit: 97% busy", "tasks have failed, the last"]),
                        (["--task", "2"], ["wave<b>bold</b>-2 is waiting\nit waits for <i>another</i>"]),
                        (["--task", "40"], ["task 40 has been released\n  1s before"])):
                    said = subprocess.run([WEIR, "explain", *options], env=environment, check=True,
                                          capture_output=True, text=True).stdout
                    for text in texts:
                        self.assertIn(text, said)
                os.kill(run["pid"], signal.SIGKILL)
                time.sleep(0.1)
                report = Path(folder) / "report.html"
                subprocess.run([WEIR, "report", "last", "-o", report], env=environment, check=True,
                               stdout=subprocess.DEVNULL)
                self.assertIn("wave\\u003cb\\u003e", report.read_text())
                late = subprocess.run([WEIR, "explain", "--task", "2"], env=environment,
                                      capture_output=True, text=True)
                self.assertEqual(late.returncode, 2)
                self.assertIn("has ended, and its tasks with it; `weir report ", late.stderr)
                for options, texts in ((["--once"], ["seen_program", "  ran ", "FUNCTION", "wave<b>bold"]),
                                       (["--replay"], ["replay: ", "busy threads |", "wave<b>bold"])):
                    lines = subprocess.run([WEIR, "top", *options], env=environment, check=True,
                                           capture_output=True, text=True).stdout.splitlines()
                    self.assertLessEqual(len(lines), 24)
                    self.assertLessEqual(max(map(len, lines)), 80)
                    for text in texts:
                        self.assertIn(text, "\n".join(lines))


if __name__ == "__main__":
    WEIR = sys.argv.pop()
    SEEN_PROGRAM = sys.argv.pop()
    if not executable():
        print("browser_test: skipped, there is no chromium here; `scripts/deps --browser` installs it")
        sys.exit(SKIPPED)
    unittest.main()
