"""A real Chromium that is driven through pipes, without a port and without further programs.

Used by browser_test.py, scripts/screenshots and benchmarks/seeing.py.
"""
import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


def executable():
    """Where Chromium is; None where there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


class Chromium:
    """One browser with one page. What the page asks for, says on its console and throws is kept."""

    def __init__(self, width=1280, height=720, dark=False):
        self.folder = tempfile.TemporaryDirectory(prefix="weir-chromium-", ignore_cleanup_errors=True)
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]

        options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                   "--disable-extensions", "--disable-background-networking", "--disable-component-update",
                   "--remote-debugging-pipe", f"--user-data-dir={self.folder.name}",
                   "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
                   f"--window-size={width},{height}", *(["--force-dark-mode"] if dark else [])]
        # Chromium reads commands from 3 and answers at 4; who starts it may use these itself until then.
        commands, answers = ends
        give = f'exec "$0" "$@" 3<&{commands} 4>&{answers} {commands}<&- {answers}>&-'
        self.process = subprocess.Popen(["bash", "-c", give, executable(), *options, "about:blank"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, pass_fds=ends)
        for end in (theirs_in, theirs_out, *ends):
            os.close(end)
        self.reads, self.writes = ours_in, ours_out
        self.rest, self.last, self.session = b"", 0, None
        self.forget()
        page = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.reads)
        os.close(self.writes)
        self.folder.cleanup()

    def forget(self):
        """What has been said and asked for so far."""
        self.console, self.asked, self.received_bytes = [], [], 0

    def call(self, method, **parameters):
        """What a command of the DevTools protocol answers."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.writes, data):]
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for answer in self.messages(1):
                if answer.get("id") == self.last:
                    if "error" in answer:
                        raise AssertionError(f"{method}: {answer['error']['message']}")
                    return answer["result"]
        raise AssertionError(f"{method}: Chromium has not answered within 60 s")

    def messages(self, seconds):
        """Messages that come within some time, noted down."""
        if select.select([self.reads], [], [], seconds)[0]:
            part = os.read(self.reads, 1 << 20)
            if not part:
                raise AssertionError("Chromium has ended")
            self.rest += part
        *whole, self.rest = self.rest.split(b"\0")
        all_of_them = [json.loads(one) for one in whole]
        for one in all_of_them:
            self.note(one.get("method"), one.get("params"))
        return all_of_them

    def note(self, method, said):
        if method == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(one.get("value", one.get("description"))) for one in said["args"]))
        elif method == "Runtime.exceptionThrown":
            self.console.append(json.dumps(said["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.console.append(said["entry"]["text"] + " " + said["entry"].get("url", ""))
        elif method == "Network.requestWillBeSent":
            self.asked.append(said["request"]["url"])
        elif method == "Network.dataReceived":
            self.received_bytes += said["encodedDataLength"]

    def watch(self, seconds):
        """Lets the page run for a while."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.messages(deadline - time.monotonic())

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def open(self, address):
        """Goes to an address; True: the page came, or the one that is there went to another part of itself."""
        return "errorText" not in self.call("Page.navigate", url=address)

    def wait_for(self, expression, seconds=20):
        """Whether this became true in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.evaluate(expression):
                return True
            self.watch(0.05)
        return False

    def picture(self, path):
        """The page as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=False)["data"]
        path.write_bytes(base64.b64decode(data))
