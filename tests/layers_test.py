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
        self.layers = {}
        self.tops = {}
        self.headers = {}
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            if not line:
                continue
            name, _, allowed = line.partition(":")
            name = name.strip()
            if name.startswith("<"):
                self.headers[name.strip("<>")] = allowed.split()
            elif name.endswith(".hpp"):
                self.tops[name] = allowed.strip()
            else:
                self.layers[name] = allowed.split()

    def layer_of(self, path):
        """The layer of 'src/comm/mpi.cpp' or 'include/weir/detail/task/value.hpp': the most specific line that
        fits it; None if there is none."""
        if path.startswith("src/"):
            folder = path[len("src/"):].rpartition("/")[0]
        else:
            rest = path[len("include/weir/"):]
            if "/" not in rest:
                return self.tops.get(rest)
            folder = rest.removeprefix("detail/").rpartition("/")[0]
        while folder and folder not in self.layers:
            folder = folder.rpartition("/")[0]
        return folder or None


def target_of(root, name):
    """The file of the tree that the text between the marks of an #include means; None if it is not ours."""
    for top in ("include", "src"):
        if (name.startswith("weir/") or top == "src") and (root / top / name).is_file():
            return f"{top}/{name}"
    return None


def wrong_includes(root):
    """One sentence for each include that src/layers.txt does not allow, and for each line of it that fits nothing."""
    rules = Rules((root / "src/layers.txt").read_text())
    found = []
    used = set()
    for top in ("include/weir", "src"):
        for path in sorted((root / top).rglob("*.[ch]pp")):
            file = str(path.relative_to(root))
            layer = rules.layer_of(file)
            if layer is None:
                found.append(f"{file}: must belong to a layer of src/layers.txt, by its folder or by a line of its own")
                continue
            used.add(layer)
            for mark, name in INCLUDE.findall(path.read_text()):
                found += judge(root, rules, file, layer, mark, name)
    files = [str(path.relative_to(root)) for path in root.rglob("*.[ch]pp")]
    unused = [layer for layer in rules.layers if layer not in used]
    unused += [name for name in rules.tops if not (root / "include/weir" / name).is_file()]
    unused += [
        pattern
        for patterns in rules.headers.values() for pattern in patterns if not fnmatch.filter(files, pattern)
    ]
    unused += [other for allowed in rules.layers.values() for other in allowed if other not in rules.layers]
    return found + [
        f"src/layers.txt: a line must fit a file (nothing is {name})" for name in dict.fromkeys(unused)
    ]


def judge(root, rules, file, layer, mark, name):
    """The sentences for one include."""
    other = target_of(root, name)
    if other:
        if file.startswith("include/") and not other.startswith("include/"):
            return [f"{file}: a public header must not include a private one (got {name})"]
        other_layer = rules.layer_of(other)
        if other_layer == layer or layer == "weir" or other_layer in rules.layers[layer]:
            return []
        allowed = " ".join(rules.layers[layer]) or "its own layer only"
        return [f"{file}: {layer} may include {allowed} (got {name} of {other_layer})"]
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
scheduler/pure:   core
snapshot:         core
snapshot.hpp:     snapshot
<mpi.h>:          src/comm/mpi*
"""

    def wrong(self, files, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            everything = {"include/weir/detail/core/a.hpp": "", "src/core/b.hpp": "", "src/comm/mpi.hpp": "",
                          "src/scheduler/pure/state.hpp": "", "src/scheduler/node.hpp": "",
                          "include/weir/snapshot.hpp": "",
                          "src/layers.txt": rules, **files}
            for name, text in everything.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
            return wrong_includes(root)

    def test_allowed(self):
        self.assertEqual([], self.wrong({
            "src/comm/mpi.cpp": '#include "comm/mpi.hpp"\n#include <mpi.h>\n#include <vector>\n#include "core/b.hpp"\n',
            "src/scheduler/node.cpp": '#include "comm/mpi.hpp"\n#include "weir/detail/core/a.hpp"\n',
            "include/weir/snapshot.hpp": "#include <weir/detail/core/a.hpp>\n"}))

    def test_upwards(self):
        self.assertEqual(["src/core/c.cpp: core may include its own layer only (got comm/mpi.hpp of comm)"],
                         self.wrong({"src/core/c.cpp": '  #  include "comm/mpi.hpp"\n'}))

    def test_layer_within_a_folder(self):
        self.assertEqual(["src/scheduler/pure/state.cpp: scheduler/pure may include core (got comm/mpi.hpp of comm)"],
                         self.wrong({"src/scheduler/pure/state.cpp": '#include "comm/mpi.hpp"\n'}))

    def test_folder_without_a_line(self):
        self.assertEqual([], self.wrong({"src/comm/tcp/socket.cpp": '#include "core/b.hpp"\n'}))

    def test_private_in_public(self):
        self.assertEqual(["include/weir/detail/core/d.hpp: a public header must not include a private one (got core/b.hpp)"],
                         self.wrong({"include/weir/detail/core/d.hpp": '#include "core/b.hpp"\n'}))

    def test_guarded_header(self):
        self.assertEqual(["src/scheduler/node.cpp: <mpi.h> may be included by src/comm/mpi* only (got <mpi.h>)"],
                         self.wrong({"src/scheduler/node.cpp": "#include <mpi.h>\n"}))

    def test_relative(self):
        self.assertEqual(["src/core/c.cpp: an include must be written from include/ or src/ (got b.hpp)"],
                         self.wrong({"src/core/c.cpp": '#include "b.hpp"\n'}))

    def test_unknown_folder(self):
        self.assertEqual(["src/utils/x.cpp: must belong to a layer of src/layers.txt, by its folder or by a line of its own"],
                         self.wrong({"src/utils/x.cpp": ""}))

    def test_lines_that_fit_nothing(self):
        rules = self.RULES + "elastic: core\ncluster.hpp: elastic\n<hdf5.h>: src/array/hdf5*\n"
        self.assertEqual([f"src/layers.txt: a line must fit a file (nothing is {name})"
                          for name in ("elastic", "cluster.hpp", "src/array/hdf5*")], self.wrong({}, rules))


if __name__ == "__main__":
    if sys.argv[1:] == ["--self"]:
        unittest.main(argv=sys.argv[:1])
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sentences = wrong_includes(pathlib.Path(sys.argv[1]))
    print("\n".join(sentences) or "every include is allowed")
    sys.exit(1 if sentences else 0)
