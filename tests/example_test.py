#!/usr/bin/env python3
"""Runs an example and compares its output with the `Prints:` lines of its header comment.

  example_test.py SOURCE -- COMMAND ARGUMENTS...     exit status 1 if they differ
  example_test.py --self                             checks the checker

`...` in a `Prints:` line stands for any text within the line, a line of only `...` for any
lines. `{folder}` in an argument is a new empty folder.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

DEADLINE_S = 120


def expected_lines(source):
    """The lines after `// Prints:`, without the comment's indentation."""
    lines = []
    column = None
    for line in source.splitlines():
        if not line.startswith("//"):
            break
        if line.startswith("// Prints:"):
            column = len(line) - len(line[len("// Prints:"):].lstrip())
            lines.append(line[column:])
        elif column is not None:
            if line[2:column].strip():
                break
            lines.append(line[column:])
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def pattern_of(lines):
    """A regular expression for the whole output."""
    parts = []
    for line in lines:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*?".join(re.escape(piece) for piece in line.rstrip().split("...")) + r"[ ]*\n")
    return re.compile("".join(parts))


def is_as_expected(lines, output):
    return pattern_of(lines).fullmatch(output) is not None


def run(command):
    """Exit status, stdout, stderr of `command`, none of whose processes is left."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        out, err = process.communicate(timeout=DEADLINE_S)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode, out, err


def check(source, command):
    """Runs `command`; a sentence if something is wrong, else nothing."""
    with open(source) as file:
        lines = expected_lines(file.read())
    if not lines:
        return f"{source}: its header comment must have Prints: lines"
    with tempfile.TemporaryDirectory(prefix="weir-example-") as folder:
        status, out, err = run([word.replace("{folder}", folder) for word in command])
    if status != 0 or not is_as_expected(lines, out):
        return f"{source}: must end with status 0 and print\n" + "\n".join(lines) + f"\n--- got status {status} and\n{out}--- stderr\n{err}"
    return None


class SelfTest(unittest.TestCase):
    HEADER = "// Says hello.\n//\n// Run:    ./hello\n// Prints: hello\n//           indented ...\n//         ...\n//         bye\n// Shows:  nothing\n#include <x>\n// Prints: no\n"

    def test_lines(self):
        self.assertEqual(["hello", "  indented ...", "...", "bye"], expected_lines(self.HEADER))
        self.assertEqual([], expected_lines("int main() {}\n// Prints: x\n"))
        self.assertEqual(["3"], expected_lines("// A.\n// Prints: 3\n//\n\nint x;\n"))

    def test_matches(self):
        lines = expected_lines(self.HEADER)
        self.assertTrue(is_as_expected(lines, "hello\n  indented 3.5 s\nbye\n"))
        self.assertTrue(is_as_expected(lines, "hello\n  indented \nx\ny\nbye\n"))
        self.assertFalse(is_as_expected(lines, "hello\n  indented 3\nbye\nmore\n"))
        self.assertFalse(is_as_expected(lines, "hello\nindented 3\nbye\n"))
        self.assertFalse(is_as_expected(lines, ""))
        self.assertFalse(is_as_expected(["1.5 (a)"], "1x5 (a)\n"))

    def test_run(self):
        self.assertEqual((3, "a\n", "b\n"), run(["/bin/sh", "-c", "echo a; echo b >&2; exit 3"]))

    def test_check(self):
        with tempfile.NamedTemporaryFile("w", suffix=".cpp") as source:
            source.write("// Prints: empty\n")
            source.flush()
            self.assertIsNone(check(source.name, ["/bin/sh", "-c", 'test -z "$(ls {folder})" && echo empty']))
            self.assertIn("got status 0 and\nfull\n", check(source.name, ["echo", "full"]))
            self.assertIn("got status 1", check(source.name, ["/bin/sh", "-c", "echo empty; exit 1"]))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self"]:
        unittest.main(argv=sys.argv[:1])
    if len(sys.argv) < 4 or sys.argv[2] != "--":
        sys.exit(__doc__)
    sentence = check(sys.argv[1], sys.argv[3:])
    print(sentence or "as expected")
    sys.exit(1 if sentence else 0)
