#!/usr/bin/env python3
"""Checks the form of what is tracked. Prints one sentence for each fault; exit status 1 if there is one.

  form_test.py columns ROOT          text has at most 110 columns
  form_test.py headers ROOT          include/weir/README.md names every public header; nobody is shown detail/
                                     and no name has a word that says too much
  form_test.py format ROOT           .cpp and .hpp are as .clang-format has them
  form_test.py tidy ROOT [--all]     .clang-tidy finds nothing in a few sources (or all)
  form_test.py --self                checks the checker with lines made for it
"""
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

COLUMNS = 110
TEXT = {".cpp", ".hpp", ".h", ".py", ".sh", ".cmake", ".in", ".md", ".txt", ".json", ".toml", ".def", ".eb", ".bash", ".1",
        ""}
# What a reader must ask "which?" of: say the thing itself (successor, lock, allocation, input, ...).
DROPPED = {"news", "bury", "heir", "heirs", "homeless", "seat", "turn", "given"}
# A source from each layer that is quick to look at; the others are for --all.
TIDY = ["src/core/duration.cpp", "src/task/address.cpp", "src/comm/wire.cpp", "src/scheduler/questions.cpp",
        "src/worker/spill.cpp", "src/batch/walltime.cpp", "src/elastic/adaptive.cpp", "src/tool/noise.cpp"]
TIDY_INCLUDES = ["-Iinclude", "-Isrc", "-isystem", "/usr/lib/x86_64-linux-gnu/openmpi/include"]


def tracked(root):
    """Paths of the files that are, or are about to be, under version control; of all if there is no git."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
                            capture_output=True, text=True)
    if listed.returncode == 0:
        return [path for path in sorted(set(listed.stdout.splitlines())) if (root / path).is_file()]
    return sorted(str(path.relative_to(root)) for path in root.rglob("*")
                  if path.is_file() and not path.relative_to(root).parts[0] in ("build", ".git"))


def is_text(path):
    return (pathlib.PurePath(path).suffix in TEXT and path != "packaging/weir.1"  # made by packaging/make_man
            and not path.startswith("tests/batch_systems/recorded"))


def may_be_long(path, line):
    """Rows of tables, one word (a link) after what indents it, and lines that are long only by a sentence in
    quotes, which stays whole so that it can be searched for."""
    if path.endswith(".md") and line.lstrip().startswith("|"):
        return True
    if len(line.strip().lstrip("#/*->+ ").split()) <= 1:
        return True
    quoted = r'f?"(?:[^"\\]|\\.)* (?:[^"\\]|\\.)*"' + r"|'[^']* [^']*'"
    return len(re.sub(quoted, '""', line)) <= COLUMNS and not path.endswith(".md")


def long_lines(path, text):
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > COLUMNS and not may_be_long(path, line):
            yield f"{path}:{number}: a line must have at most {COLUMNS} columns (got {len(line)})"


def columns(root):
    for path in tracked(root):
        if is_text(path):
            yield from long_lines(path, (root / path).read_text(errors="replace"))


def public_headers(paths):
    headers = (path.removeprefix("include/") for path in paths if path.endswith(".hpp"))
    return {path for path in headers if path.startswith("weir/") and not path.startswith("weir/detail/")}


def header_faults(headers, table):
    named = set(re.findall(r"^\| `(weir/[^`]+\.hpp)` \|", table, re.MULTILINE))
    for header in sorted(headers - named):
        yield f"include/weir/README.md: must have a row for `{header}`, which programs may include"
    for header in sorted(named - headers):
        yield f"include/weir/README.md: has a row for `{header}`, which does not exist"


def machinery_shown(path, text):
    """Lines that show users what may change in any version."""
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r'#\s*include\s*[<"]weir/detail/|\bdetail::', line):
            yield f"{path}:{number}: must not use detail, which may change in any version (got {line.strip()})"


def is_shown(path):
    if path.startswith("docs/decisions/"):
        return False
    return path == "README.md" or path.startswith(("examples/", "docs/", "tests/install/"))


def headers(root):
    paths = tracked(root)
    yield from header_faults(public_headers(paths), (root / "include/weir/README.md").read_text())
    for path in filter(lambda path: path.startswith(("include/", "src/")), sources(root)):
        yield from dropped_words(path, (root / path).read_text())
    for path in filter(is_shown, paths):
        if pathlib.PurePath(path).suffix in (".cpp", ".hpp", ".md"):
            yield from machinery_shown(path, (root / path).read_text())


def dropped_words(path, text):
    """Names with a word that meant several things, or nothing that people would search for."""
    code = re.sub(r'//[^\n]*|R"\((?:.|\n)*?\)"|"(?:[^"\\\n]|\\.)*"', lambda found: "\n" * found[0].count("\n"), text)
    for number, line in enumerate(code.splitlines(), 1):
        for name in re.findall(r"[A-Za-z_]\w*", line):
            for word in DROPPED & set(re.sub(r"([A-Z])", r"_\1", name).lower().replace("given_up", "").split("_")):
                yield f"{path}:{number}: a name must not have the word {word} (got {name})"


def sources(root):
    return [path for path in tracked(root) if path.endswith((".cpp", ".hpp"))]


def format_faults(root):
    paths = sources(root)
    parts = [paths[start::16] for start in range(16)]

    def check(part):
        return subprocess.run(["clang-format", "--dry-run", *part], cwd=root, capture_output=True, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, filter(None, parts)))
    if any(result.returncode for result in results):
        yield "clang-format: " + next(result.stderr for result in results if result.returncode).strip()
    faults = {line.split(":")[0] for result in results for line in result.stderr.splitlines()
              if "code should be clang-formatted" in line}
    for path in sorted(faults):
        yield f"{path}: must be formatted; run clang-format -i {path}"


def all_sources(root):
    return [path for path in sources(root) if re.match(r"src/.*\.cpp", path)]


def tidy(root, paths):
    def check(path):
        flags = ["-std=gnu++20", "-DSPDLOG_COMPILED_LIB", "-DSPDLOG_FMT_EXTERNAL", *TIDY_INCLUDES]
        return subprocess.run(["clang-tidy", "--quiet", path, "--", *flags], cwd=root, capture_output=True,
                              text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, result in zip(paths, pool.map(check, paths)):
            if result.returncode or "warning:" in result.stdout:
                yield f"{path}: clang-tidy finds\n{result.stdout.strip() or result.stderr.strip()}"


class Checker(unittest.TestCase):
    def test_long_lines_are_told_with_their_place(self):
        self.assertEqual(list(long_lines("a.py", "x\n" + "word " * 23)),
                         ["a.py:2: a line must have at most 110 columns (got 115)"])

    def test_tables_and_single_words_may_be_long(self):
        self.assertEqual(list(long_lines("a.md", "| " + "word " * 40 + "|\n# " + "x" * 120)), [])
        self.assertEqual(len(list(long_lines("a.cpp", "| " + "word " * 40 + "|"))), 1)

    def test_sentences_in_quotes_stay_whole(self):
        self.assertEqual(list(long_lines("a.py", 'fail("' + "word " * 22 + '")')), [])
        self.assertEqual(len(list(long_lines("a.py", 'fail("a b", ' + "value, " * 22 + ")"))), 1)

    def test_columns_are_characters(self):
        self.assertEqual(list(long_lines("a.md", "über alles " * 10)), [])

    def test_headers_and_their_table_are_compared_both_ways(self):
        public = public_headers(["include/weir/run.hpp", "include/weir/detail/value.hpp", "src/core/log.hpp"])
        self.assertEqual(public, {"weir/run.hpp"})
        self.assertEqual(list(header_faults(public, "| `weir/gone.hpp` | what was |")),
                         ["include/weir/README.md: must have a row for `weir/run.hpp`, which programs may include",
                          "include/weir/README.md: has a row for `weir/gone.hpp`, which does not exist"])
        self.assertEqual(list(header_faults(public, "| `weir/run.hpp` | what is |")), [])

    def test_dropped_words_are_told_in_names_alone(self):
        self.assertEqual(list(dropped_words("a.cpp", 'int a;\nint givenLoop = f("given", no_heir);  // given\nreturn given_up_;')),
                         ["a.cpp:2: a name must not have the word given (got givenLoop)",
                          "a.cpp:2: a name must not have the word heir (got no_heir)"])

    def test_clang_tidy_refuses_a_name_of_another_style(self):
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(pathlib.Path(__file__).resolve().parent.parent / ".clang-tidy", folder)
            for name, expected in (("wrong_name", 0), ("wrongName", 1)):
                (pathlib.Path(folder) / "a.cpp").write_text(f"int {name}() {{ return 0; }}\n")
                self.assertEqual(len(list(tidy(pathlib.Path(folder), ["a.cpp"]))), expected)

    def test_detail_is_not_shown(self):
        shown = "#include <weir/detail/task/value.hpp>\nweir::detail::x();"
        self.assertEqual(len(list(machinery_shown("a.cpp", shown))), 2)
        self.assertEqual(list(machinery_shown("a.cpp", "#include <weir/run.hpp>\nin detail: none")), [])
        self.assertTrue(is_shown("examples/tasks/hello.cpp"))
        self.assertFalse(is_shown("docs/decisions/heart.md"))


def main(arguments):
    if arguments == ["--self"]:
        unittest.main(argv=["form_test.py"])
    checks = {"columns": columns, "headers": headers, "format": format_faults,
              "tidy": lambda root: tidy(root, all_sources(root) if "--all" in arguments else TIDY)}
    if len(arguments) < 2 or arguments[0] not in checks:
        sys.exit(__doc__)
    faults = list(checks[arguments[0]](pathlib.Path(arguments[1]).resolve()))
    for fault in faults:
        print(fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
