#!/usr/bin/env python3
"""Tests scripts/bench without measuring: what it prints, what it refuses, and that it fails only for what cannot run. usage: benchmarks_test.py ROOT"""
import contextlib
import io
import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(sys.argv.pop(1) if len(sys.argv) > 1 else ".").resolve()
sys.path.insert(0, str(ROOT / "benchmarks"))
sys.dont_write_bytecode = True

import arrays
import bench
from figures import FIGURES, Figure
from launch import BIN, Failed, Launch, programs_of, run, values_of


def cannot_run():
    raise Failed("speed: ended with status 1")


good = Launch("good", lambda: {"fast": 20.0, "slow": 3.0})
limit = Launch("limit", lambda: {"most": 40.0})
FAST = Figure("fast", "tasks/s", 10, "higher", "", good, (limit, "most"))
SLOW = Figure("slow", "us", 2, "lower", "", good)
SHARE = Figure("share", "of raw", 0.4, "higher", "", good, (limit, "most"), raw_unit="GB/s", key="fast",
               is_fraction_of_raw=True)
BROKEN = Figure("broken", "us", 2, "lower", "", Launch("speed", cannot_run))
UNNAMED = Figure("unnamed", "us", 2, "lower", "", good)


def printed(work):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = work()
    return status, out.getvalue(), err.getvalue()


class BenchTest(unittest.TestCase):
    def test_programs_of_another_build_are_started_instead_of_ours(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()):
            program = Path(folder) / "speed"
            program.write_text("#!/bin/sh\necho fast 7\n")
            program.chmod(0o755)
            with programs_of(folder):
                self.assertEqual(values_of(run([BIN / "speed"])), {"fast": 7})
            with self.assertRaises(Failed):
                run([BIN / "benchmarks/no_such_program"])

    def test_builds_take_turns_and_medians_are_compared(self):
        order = []

        def measure():
            import launch
            ours = launch.programs == BIN
            order.append("after" if ours else "before")
            return {"fast": (22.0 if ours else 20.0) + len(order) / 1000}

        figure = Figure("fast", "tasks/s", 10, "higher", "", Launch("turns", measure))
        status, out, err = printed(lambda: bench.compare([figure], "/elsewhere", 3, False))
        self.assertEqual((status, err), (0, ""))
        self.assertEqual(order, ["before", "after", "after", "before", "before", "after"])
        self.assertEqual(out.splitlines()[1].split(),
                         ["fast", "20", "22", "tasks/s", "+10.0", "%", "0.0", "%"])

    def test_a_figure_that_one_build_cannot_run_is_a_failure(self):
        status, out, err = printed(lambda: bench.compare([BROKEN], "/elsewhere", 1, False))
        self.assertEqual((status, out), (1, ""))
        self.assertIn("bench: speed (after): speed: ended with status 1", err)

    def test_prints_a_table_and_does_not_fail_for_being_slow(self):
        status, out, _ = printed(lambda: bench.measure([FAST, SLOW, SHARE], False, False))
        self.assertEqual(status, 0)
        self.assertEqual([line.split() for line in out.splitlines()], [
            ["figure", "value", "unit", "raw", "target", "reached"],
            ["fast", "20", "tasks/s", "40", ">=", "10", "yes"],
            ["slow", "3", "us", "<=", "2", "no"],
            ["share", "0.5", "of", "raw", "40", "GB/s", ">=", "0.4", "yes"],
        ])

    def test_prints_one_object_a_line(self):
        _, out, _ = printed(lambda: bench.measure([FAST, SLOW], True, False))
        self.assertEqual([json.loads(line) for line in out.splitlines()], [
            {"figure": "fast", "value": 20.0, "unit": "tasks/s", "raw": 40.0, "target": 10},
            {"figure": "slow", "value": 3.0, "unit": "us", "raw": None, "target": 2},
        ])

    def test_fails_for_what_cannot_run_and_measures_the_others(self):
        status, out, err = printed(lambda: bench.measure([BROKEN, FAST, UNNAMED], True, False))
        self.assertEqual(status, 1)
        self.assertEqual(len(out.splitlines()), 1)
        self.assertEqual(err,
                         'bench: broken: speed: ended with status 1\nbench: unnamed: good: must print a line "unnamed VALUE"\n')

    def test_launches_nothing_twice(self):
        launched = []
        once = Launch("once", lambda: launched.append(1) or {"a": 1.0, "b": 2.0})
        list(bench.measured([Figure(name, "us", None, "lower", "", once) for name in "ab"]))
        self.assertEqual(launched, [1])

    def test_writes_all_figures_into_the_results_and_the_known_ones_into_the_readme(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            (root / "benchmarks").mkdir()
            (root / "benchmarks/RESULTS.md").write_text("a\n<!-- figures -->\nold\n<!-- end of figures -->\nb\n")
            (root / "README.md").write_text("<!-- figures -->\n| `slow` | old |\n<!-- end of figures -->\n")
            bench.write_tables([(FAST, 20.0, 40.0), (SLOW, 3.0, None)], root, [FAST, SLOW])
            head = "<!-- figures -->\n| figure | what | value | raw | target |\n|---|---|---:|---:|---:|\n"
            slow = "| `slow` |  | 3 us |  | <= 2 |\n<!-- end of figures -->\n"
            self.assertEqual((root / "benchmarks/RESULTS.md").read_text(),
                             "a\n" + head + "| `fast` |  | 20 tasks/s | 40 | >= 10 |\n" + slow + "b\n")
            self.assertEqual((root / "README.md").read_text(), head + slow)
            bench.write_tables([(SLOW, 4.0, None)], root, [FAST, SLOW])
            self.assertEqual((root / "benchmarks/RESULTS.md").read_text(),
                             "a\n" + head + "| `fast` |  | 20 tasks/s | 40 | >= 10 |\n" + slow.replace("3 us", "4 us") + "b\n")
            (root / "README.md").write_text("no marks")
            with self.assertRaisesRegex(Failed, "README.md: must contain the marks"):
                bench.write_tables([(FAST, 20.0, 40.0)], root)

    def test_refuses_an_unknown_figure_before_anything_is_built(self):
        with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(io.StringIO()) as err:
            bench.main(["nope"])
        self.assertEqual(ended.exception.code, 2)
        self.assertIn("unknown figure (got nope)", err.getvalue())

    def test_every_array_function_has_a_row_the_slowest_beside_its_plain_loop_first(self):
        threads = {"sum_ms": 2.0, "sum_plain_ms": 4.0, "sum_first_ms": 6.0, "add_ms": 9.0, "add_plain_ms": 6.0,
                   "add_first_ms": 30.0}
        self.assertEqual(arrays.function_rows(threads, {"sum_ms": 3.0, "sum_plain_ms": 6.0, "sum_first_ms": 5.0},
                                              {"add_ms": 12.0},
                                              {"sum_ms": 7.0}), [
            ["add", 9.0, None, 6.0, 12.0, None, 1.5, None, 30.0, None],
            ["sum", 2.0, 3.0, 4.0, None, 7.0, 0.5, 0.5, 6.0, 5.0],
        ])

    def test_writes_the_table_of_array_functions_into_the_results(self):
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "benchmarks/RESULTS.md"
            results.parent.mkdir()
            results.write_text("a\n<!-- array functions -->\nold\n<!-- end of array functions -->\nb\n")
            bench.write_functions(["function", "threads"], [["add", "9"], ["sum", "2.5"]], Path(folder))
            self.assertEqual(results.read_text(), "a\n<!-- array functions -->\n| function | threads |\n| --- | ---: |\n"
                             "| `add` | 9 |\n| `sum` | 2.5 |\n<!-- end of array functions -->\nb\n")

    def test_numpy_has_every_array_function_that_is_measured(self):
        source = "".join((ROOT / "benchmarks" / f"array_{part}.cpp").read_text()
                         for part in ("functions", "further", "algebra", "small", "types"))
        measured = set(re.findall(r'(?:\{|row\(|^)\s*"(\w+)",\s', source, re.M))
        asked = (ROOT / "benchmarks/peers/array_functions_peer.py").read_text()
        peer = set(re.findall(r'"(\w+)": (?:lambda|np\.|")', asked))
        self.assertGreater(len(measured), 150)
        self.assertGreater(len(peer), 150)
        plain = {name.removeprefix("complex_") for name in measured}
        self.assertEqual([name for name in plain - {"erf"} if f'"{name}"' not in asked], [])  # NumPy has no erf
        self.assertEqual([name for name in peer if f'"{name}"' not in source], [])

    def test_every_figure_is_named_once_and_has_a_direction(self):
        self.assertEqual(len({figure.name for figure in FIGURES}), len(FIGURES))
        self.assertEqual({figure.better for figure in FIGURES}, {"higher", "lower"})

    def test_reads_values_among_other_lines(self):
        self.assertEqual(values_of("some words\nfast 1.5e+06\nnot a value\n"), {"fast": 1.5e6})

    def test_a_program_that_is_missing_is_a_failure_with_its_name(self):
        with self.assertRaisesRegex(Failed, "no-such-program was not found"), contextlib.redirect_stderr(io.StringIO()):
            run(["no-such-program"])

    def test_numbers_have_three_digits_that_matter(self):
        values = (None, 0.0312345, 7.0, 123.4, 527123.0, 1961234.0)
        self.assertEqual([bench.number(value) for value in values],
                         ["", "0.0312", "7", "123", "527,000", "1,960,000"])


if __name__ == "__main__":
    unittest.main()
