"""Builds what the figures of figures.py need, measures and prints them."""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path

import arrays
import frames
import peers
from figures import FIGURES
from launch import BIN, ROOT, Failed, programs_of

HEADER = ["figure", "value", "unit", "raw", "target", "reached"]
TEXT = ("figure", "function", "unit", "what")  # columns of words


def build(with_peers):
    commands = [
        ["scripts/deps", *(["--peers"] if with_peers else [])],
        ["cmake", "--preset", "release"],
        ["cmake", "--build", "--preset", "release", "--parallel", str(os.cpu_count()), "--target",
         "benchmarks", "weir_tool", "letters"],
    ]
    for command in commands:
        if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
            raise Failed(f"{' '.join(command)}: failed")


def is_hot(figure):
    """Whether it is about the ways that tasks and elements take."""
    return figure.run.name in ("tasks", "latency", "tree", "transfer", "scheduler", "stream_local",
                               "stream_cluster")


def measured(figures):
    """Yields (figure, value, raw) as soon as it is known, or (figure, Failed). Nothing is launched twice."""
    results = {}

    def get(launch, name):
        if launch not in results:
            try:
                results[launch] = launch.measure()
            except Failed as error:
                results[launch] = error
        if isinstance(results[launch], Failed):
            raise results[launch]
        if name not in results[launch]:
            raise Failed(f"{launch.name}: must print a line \"{name} VALUE\"")
        return results[launch][name]

    for figure in figures:
        try:
            value = get(figure.run, figure.key or figure.name)
            raw = get(*figure.raw) if figure.raw else None
            yield figure, value / raw if figure.is_fraction_of_raw else value, raw
        except Failed as error:
            yield figure, error, None


def number(value):
    """Three digits that matter, thousands apart."""
    if value is None:
        return ""
    if abs(value) >= 1000:
        digits = len(str(int(abs(value))))
        return f"{round(value, 3 - digits):,.0f}"
    return f"{value:.3g}"


def cells(figure, value, raw):
    target = "" if figure.target is None else (">= " if figure.better == "higher" else "<= ") + number(figure.target)
    raw_text = number(raw) + (f" {figure.raw_unit}" if raw is not None and figure.raw_unit else "")
    reached = {None: "", True: "yes", False: "no"}[figure.reached(value)]
    return [figure.name, number(value), figure.unit, raw_text, target, reached]


def print_table(rows, header=HEADER):
    """Words to the left, numbers to the right."""
    table = [header, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    for row in table:
        line = "  ".join(cell.ljust(width) if header[i] in TEXT else cell.rjust(width) for i,
                         (cell, width) in enumerate(zip(row, widths)))
        print(line.rstrip())


def write_tables(results, root=ROOT, figures=FIGURES):
    """Puts figures into benchmarks/RESULTS.md, and into README.md those that it has, between the marks.
    Rows of `figures` that were not measured stay as they are."""
    lines = {}
    for figure, value, raw in results:
        name, shown, unit, raw_text, target, _ = cells(figure, value, raw)
        lines[name] = f"| `{name}` | {figure.what} | {shown} {unit} | {raw_text} | {target} |"
    for page, only_known in (("benchmarks/RESULTS.md", False), ("README.md", True)):
        known = {row[1]: row[0] for row in re.finditer(r"(?m)^\| `(\w+)`.*$", between(root / page, "figures"))}
        order = known if only_known else [figure.name for figure in figures]
        rows = [lines.get(name) or known[name] for name in order if name in lines or name in known]
        between(root / page, "figures",
                "\n".join(["| figure | what | value | raw | target |", "|---|---|---:|---:|---:|", *rows]))


def between(path, name, text=None):
    """What stands in a page between the marks of that name; puts `text` there."""
    marked = re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", flags=re.DOTALL)
    page = path.read_text()
    found = marked.findall(page)
    if len(found) != 1:
        raise Failed(f"{path}: must contain the marks <!-- {name} --> and <!-- end of {name} --> once")
    if text is not None:
        path.write_text(marked.sub(lambda marks: marks[1] + text + "\n" + marks[3], page))
    return found[0][1]


def write_functions(header, rows, root=ROOT):
    """Puts the table of array functions into benchmarks/RESULTS.md, between its marks."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *([f"`{row[0]}`", *row[1:]] for row in rows)]
    between(root / "benchmarks/RESULTS.md", "array functions",
            "\n".join("| " + " | ".join(line) + " |" for line in lines))


def measure(figures, as_json, into_readme):
    results, failures = [], []
    for figure, value, raw in measured(figures):
        if isinstance(value, Failed):
            failures.append(f"{figure.name}: {value}")
            continue
        results.append((figure, value, raw))
        if as_json:
            print(json.dumps({"figure": figure.name, "value": value, "unit": figure.unit, "raw": raw, "target": figure.target}),
                  flush=True)
    if results and not as_json:
        print_table([cells(*result) for result in results])
    if into_readme and results:
        write_tables(results)
    for failure in failures:
        print(f"bench: {failure}", file=sys.stderr)
    return 1 if failures else 0


def compare(figures, folder, rounds, as_json):
    """Each figure with the programs of `folder` and with ours, which take turns on the same machine; medians."""
    sides = {"before": Path(folder).resolve(), "after": BIN}
    results, failures = {}, {}
    for turn in range(rounds):
        for launch in dict.fromkeys(figure.run for figure in figures):
            for side in sides if turn % 2 == 0 else reversed(sides):
                try:
                    with programs_of(sides[side]):
                        results.setdefault((launch, side), []).append(launch.measure())
                except Failed as error:
                    failures[launch.name] = f"{launch.name} ({side}): {error}"
    rows = []
    for figure in figures:
        key = figure.key or figure.name
        values = [[one[key] for one in results.get((figure.run, side), []) if key in one] for side in sides]
        if not all(values):
            failures.setdefault(figure.run.name, f"{figure.name}: the two builds must both have it")
            continue
        before, after = map(statistics.median, values)
        unit = "" if figure.is_fraction_of_raw else figure.unit
        spread = max((max(part) - min(part)) / statistics.median(part) if any(part) else 0 for part in values)
        change = after / before - 1 if before else 0
        if as_json:
            print(json.dumps({"figure": key, "unit": unit, "before": values[0], "after": values[1]}),
                  flush=True)
        rows.append([key, number(before), number(after), unit, f"{100 * change:+.1f} %", f"{100 * spread:.1f} %"])
    if rows and not as_json:
        print_table(rows, ["figure", "before", "after", "unit", "change", "spread"])
    for failure in failures.values():
        print(f"bench: {failure}", file=sys.stderr)
    return 1 if failures else 0


def measure_peers(as_json):
    rows, missing = peers.compare()
    for row in rows:
        if as_json:
            print(json.dumps({"figure": row.name, "value": row.weir, "unit": row.unit, "raw": row.raw, "target": None} | row.peers))
    if not as_json:
        print_table([peers.cells(row, number) for row in rows], peers.header())
    for sentence in missing:
        print(f"bench: {sentence}", file=sys.stderr)
    return 0 if rows else 1


def main(arguments):
    parser = argparse.ArgumentParser(prog="scripts/bench",
                                     description="Builds, measures and prints figures; never fails for being slow.")
    parser.add_argument("figures", metavar="FIGURE", nargs="*", help="default: all; \"arrays\" alone: every"
                        " array function beside plain loops and NumPy, in ms; \"frames\" alone: every question"
                        " to frames beside each peer")
    parser.add_argument("--json", action="store_true",
                        help="one object a line: figure, value, unit, raw, target")
    parser.add_argument("--peers", action="store_true",
                        help="Weir, raw MPI, Dask and mpi4py.futures beside each other")
    parser.add_argument("--list", action="store_true", help="say what the figures are, measure nothing")
    parser.add_argument("--readme", action="store_true",
                        help="also write them to benchmarks/RESULTS.md, and to README.md those that it has")
    parser.add_argument("--against", metavar="BIN", help="the figures with the programs of another build (its folder bin)"
                        " beside ours, which take turns; default: those of tasks and streams")
    parser.add_argument("--rounds", metavar="N", type=int, default=5,
                        help="how often with --against; default 5")
    options = parser.parse_args(arguments)
    by_name = {figure.name: figure for figure in FIGURES}
    tables = {"arrays": (arrays.FUNCTIONS_HEADER, arrays.measure_functions),
              "frames": (["figure", "weir", *frames.PEERS], frames.table)}
    table = tables.get(options.figures[0]) if len(options.figures) == 1 else None
    if table:
        options.figures = []
    unknown = [name for name in options.figures if name not in by_name]
    if unknown:
        parser.error(f"unknown figure (got {unknown[0]}); scripts/bench --list says which there are")
    if options.against is not None and not (Path(options.against) / "benchmarks").is_dir():
        parser.error(f"--against must be the folder bin of a build with its benchmarks (got {options.against})")
    if options.rounds < 1:
        parser.error(f"--rounds must be at least 1 (got {options.rounds})")
    if options.list:
        print_table([[figure.name, cells(figure, 0, None)[4], figure.unit, figure.what]
                     for figure in FIGURES],
                    ["figure", "target", "unit", "what"])
        return 0
    build(options.peers)
    if table:
        header, measure_rows = table
        rows = measure_rows()
        texts = [[part if isinstance(part, str) else number(part) for part in row] for row in rows]
        if options.json:
            for row in rows:
                print(json.dumps(dict(zip(header, row))))
        else:
            print_table(texts, header)
        if options.readme and header is arrays.FUNCTIONS_HEADER:
            write_functions(header, texts)
        return 0
    if options.against is not None:
        chosen = [by_name[name] for name in options.figures] or [
            figure for figure in FIGURES if is_hot(figure)
        ]
        return compare(chosen, options.against, options.rounds, options.json)
    status = 0
    if options.peers:
        status = measure_peers(options.json)
    if options.figures or not options.peers:
        chosen = [by_name[name] for name in options.figures] or FIGURES
        status = max(status, measure(chosen, options.json, options.readme))
    return status


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Failed as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
