#!/usr/bin/env python3
"""Checks every #include of include/weir and src against src/layers.txt.

  layers_test.py ROOT     prints one sentence for each wrong include; exit status 1 if there is one
  layers_test.py --self   checks the checker with trees made for it
"""
import fnmatch
import pathlib
import re
import sys
import tempfile
import unittest

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


class Rules:
    """What src/layers.txt says."""

    def __init__(self, text):
        self.units = {}
        self.headers = {}
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, allowed = line.partition(":")
            table = self.headers if name.startswith("<") else self.units
            table[name.strip().strip("<>")] = allowed.split()

    def line_of(self, unit):
        """The most specific line for a unit such as 'scheduler/state'; None if there is none."""
        fitting = [name for name in self.units if name == unit.split("/")[0] or ("/" in name and fnmatch.fnmatch(unit, name))]
        return max(fitting, key=len, default=None)

    def allows(self, unit, other):
        """Whether files of `unit` may include files of `other`."""
        line, other_line = self.line_of(unit), self.line_of(other)
        if line is None or other_line is None:
            return False
        allowed = self.units[line]
        if unit.split("/")[0] == other.split("/")[0]:
            return set(self.units[other_line]) <= set(allowed)
        return any(other == entry or other.split("/")[0] == entry for entry in allowed)


def unit_of(path):
    """'scheduler/state' of 'scheduler/state.hpp'; 'weir' of 'weir.hpp'."""
    return path.rsplit(".", 1)[0]


def target_of(root, name):
    """(is it ours, is it public, its unit) for the text between the marks of an #include."""
    if name.startswith("weir/") and (root / "include" / name).exists():
        return True, True, unit_of(name[len("weir/"):])
    if (root / "src" / name).exists():
        return True, False, unit_of(name)
    return False, False, ""


def wrong_includes(root):
    """One sentence for each include that src/layers.txt does not allow."""
    rules = Rules((root / "src/layers.txt").read_text())
    found = []
    for top in ("include/weir", "src"):
        for path in sorted((root / top).rglob("*.[ch]pp")):
            unit = unit_of(str(path.relative_to(root / top)))
            file = str(path.relative_to(root))
            if rules.line_of(unit) is None:
                found.append(f"{file}: its folder must have a line in src/layers.txt (got {unit.split('/')[0]})")
                continue
            for mark, name in INCLUDE.findall(path.read_text()):
                found += judge(root, rules, file, unit, mark, name)
    return found


def judge(root, rules, file, unit, mark, name):
    """The sentences for one include."""
    is_ours, is_public, other = target_of(root, name)
    if is_ours and file.startswith("include/") and not is_public:
        return [f"{file}: a public header must not include a private one (got {name})"]
    if is_ours:
        allowed = " ".join(rules.units[rules.line_of(unit)]) or "its own folder only"
        return [] if rules.allows(unit, other) else [f"{file}: {rules.line_of(unit)} may include {allowed} (got {name})"]
    if mark == '"' or name.startswith("weir/"):
        return [f"{file}: an include must be written from include/ or src/ (got {name})"]
    for header, files in rules.headers.items():
        if fnmatch.fnmatch(name, header) and not any(fnmatch.fnmatch(file, pattern) for pattern in files):
            return [f"{file}: <{header}> may be included by {' '.join(files)} only (got <{name}>)"]
    return []


class SelfTest(unittest.TestCase):
    RULES = """# comment
core:
comm:             core
scheduler:        core comm
scheduler/state*: core
diagnostics:      core runtime/snapshot
runtime:          core comm scheduler
runtime/snapshot*: core
weir:             core
<mpi.h>:          src/comm/mpi*
"""

    def wrong(self, files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            everything = {"include/weir/core/a.hpp": "", "src/core/b.hpp": "", "src/comm/mpi.hpp": "", "src/scheduler/state.hpp": "", "src/scheduler/node.hpp": "",
                          "include/weir/runtime/snapshot.hpp": "", "include/weir/runtime/run.hpp": "", "src/layers.txt": self.RULES, **files}
            for name, text in everything.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return wrong_includes(root)

    def test_allowed(self):
        self.assertEqual([], self.wrong({
            "src/comm/mpi.cpp": '#include "comm/mpi.hpp"\n#include <mpi.h>\n#include <vector>\n#include "weir/core/a.hpp"\n#include "core/b.hpp"\n',
            "src/scheduler/node.cpp": '#include "scheduler/state.hpp"\n#include "comm/mpi.hpp"\n',
            "src/diagnostics/x.cpp": '#include "weir/runtime/snapshot.hpp"\n',
            "include/weir/weir.hpp": "#include <weir/core/a.hpp>\n"}))

    def test_upwards(self):
        self.assertEqual(["src/core/c.cpp: core may include its own folder only (got comm/mpi.hpp)"], self.wrong({"src/core/c.cpp": '  #  include "comm/mpi.hpp"\n'}))

    def test_specific_line(self):
        self.assertEqual(["src/scheduler/state.cpp: scheduler/state* may include core (got comm/mpi.hpp)"], self.wrong({"src/scheduler/state.cpp": '#include "comm/mpi.hpp"\n'}))

    def test_own_folder_that_knows_more(self):
        self.assertEqual(["src/scheduler/state.cpp: scheduler/state* may include core (got scheduler/node.hpp)"],
                         self.wrong({"src/scheduler/state.cpp": '#include "scheduler/node.hpp"\n'}))

    def test_part_of_a_folder(self):
        self.assertEqual(["src/diagnostics/x.cpp: diagnostics may include core runtime/snapshot (got weir/runtime/run.hpp)"],
                         self.wrong({"src/diagnostics/x.cpp": '#include "weir/runtime/run.hpp"\n'}))

    def test_private_in_public(self):
        self.assertEqual(["include/weir/core/d.hpp: a public header must not include a private one (got core/b.hpp)"],
                         self.wrong({"include/weir/core/d.hpp": '#include "core/b.hpp"\n'}))

    def test_guarded_header(self):
        self.assertEqual(["src/scheduler/node.cpp: <mpi.h> may be included by src/comm/mpi* only (got <mpi.h>)"], self.wrong({"src/scheduler/node.cpp": "#include <mpi.h>\n"}))

    def test_relative(self):
        self.assertEqual(["src/core/c.cpp: an include must be written from include/ or src/ (got b.hpp)"], self.wrong({"src/core/c.cpp": '#include "b.hpp"\n'}))

    def test_unknown_folder(self):
        self.assertEqual(["src/utils/x.cpp: its folder must have a line in src/layers.txt (got utils)"], self.wrong({"src/utils/x.cpp": ""}))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self"]:
        unittest.main(argv=sys.argv[:1])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sentences = wrong_includes(pathlib.Path(sys.argv[1]))
    print("\n".join(sentences) or "every include is allowed")
    sys.exit(1 if sentences else 0)
