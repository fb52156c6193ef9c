#!/usr/bin/env python3
"""What scripts/demo and scripts/deps say where packages are missing: on a machine made of fake programs.

  deps_test.py ROOT
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv.pop()).resolve()


class Machine:
    """A PATH with `programs` (name: text of a shell script) beside the few that the scripts need of any system."""

    def __init__(self, folder, **programs):
        self.path = pathlib.Path(folder)
        for name in ("sh", "dirname", "sed"):
            (self.path / name).symlink_to(shutil.which(name))
        for name, text in programs.items():
            file = self.path / name.replace("_", "-")
            file.write_text("#!/bin/sh\n" + text)
            file.chmod(0o755)

    def run(self, script, *arguments):
        return subprocess.run([ROOT / "scripts" / script, *arguments], env=os.environ | {"PATH": str(self.path)},
                              capture_output=True, text=True, timeout=60)


class Deps(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def machine(self, missing, user=1000, **programs):
        lacks = "|".join(missing)
        query = f'for name; do :; done\ncase $name in {lacks}) exit 1;; *) echo installed;; esac\n'
        return Machine(self.folder, dpkg_query=query, id=f"echo {user}\n",
                       apt_get=f'echo apt-get "$@" >> {self.folder}/log\n', **programs)

    def test_demo_without_root_says_what_is_missing_and_how_to_get_it(self):
        done = self.machine(["libcereal-dev", "cmake"]).run("demo")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr,
                         "scripts/deps: must be run by root or with sudo installed; missing: cmake libcereal-dev\n"
                         "  as root:      apt-get install --no-install-recommends cmake libcereal-dev\n"
                         "  without root: a recipe of packaging/ (Spack, EasyBuild, Apptainer)\n")

    def test_demo_does_not_ask_for_packages_of_arrays_and_tests(self):
        done = self.machine(["libhdf5-dev", "slurm-wlm"]).run("deps", "--demo")
        self.assertEqual((done.returncode, done.stdout), (0, "scripts/deps: everything is installed\n"))
        done = subprocess.run([ROOT / "scripts/deps"], env={"PATH": self.folder}, capture_output=True,
                              text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("missing: libhdf5-dev slurm-wlm\n", done.stderr)

    def test_where_there_is_no_apt_the_names_are_pointed_to(self):
        done = Machine(self.folder).run("demo")
        self.assertEqual(done.returncode, 1)
        self.assertIn("this is not a Debian system; install what 'scripts/deps --list' names", done.stderr)

    def test_root_and_sudo_install_what_is_missing_and_nothing_else(self):
        machine = self.machine(["catch2"], user=0, env='shift\nexec "$@"\n')
        done = machine.run("deps")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual((machine.path / "log").read_text(),
                         "apt-get update -q\napt-get install -q -y --no-install-recommends catch2\n")

    def test_an_unknown_option_is_refused(self):
        done = self.machine(["none"]).run("deps", "--all")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr,
                         "scripts/deps: unknown option (got --all); the options are --demo, --peers, --docs, --browser, --mpich and --list\n")


class Presets(unittest.TestCase):
    def test_what_a_script_or_the_tutorial_leaves_out_of_the_build_folder_comes_back_by_the_preset(self):
        """scripts/demo and then scripts/test, in one clone: the folder remembers what was OFF."""
        texts = [file.read_text() for file in [*(ROOT / "scripts").iterdir(), ROOT / "docs/tutorial.md"]]
        off = set(re.findall(r"-D(WEIR_\w+)=OFF", " ".join(texts)))
        presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
        on = {name for name, value in presets[0]["cacheVariables"].items() if value == "ON"}
        self.assertIn("WEIR_COLLECTIONS", off)
        self.assertEqual(off - on, set())

    def test_the_demo_builds_its_example_in_every_folder(self):
        self.assertIn("-DWEIR_EXAMPLES=ON", (ROOT / "scripts/demo").read_text())


if __name__ == "__main__":
    unittest.main()
