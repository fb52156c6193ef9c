#!/usr/bin/env python3
"""Checks the recipes of packaging/ as far as that goes without the programs that read them.

  packaging_test.py ROOT
"""
import pathlib
import re
import subprocess
import sys
import types
import unittest

ROOT = pathlib.Path(sys.argv.pop()).resolve()
SPACK = {"version", "variant", "depends_on", "conflicts", "license", "generator", "when"}
EASYBUILD = {"easyblock", "name", "version", "homepage", "description", "toolchain", "toolchainopts", "source_urls",
             "sources", "builddependencies", "dependencies", "configopts", "sanity_check_paths",
             "sanity_check_commands", "moduleclass"}
APPTAINER = {"files", "post", "test", "runscript", "labels", "environment", "help"}
# What CMake looks for, by the names that Spack and EasyBuild have for it; none: it comes with another one, or
# may be missing.
NEEDED = {
    "MPI": ("mpi", None), "Boost": ("boost", "Boost"), "cereal": ("cereal", "cereal"), "fmt": ("fmt", "fmt"),
    "spdlog": ("spdlog", "spdlog"), "OpenSSL": ("openssl", "OpenSSL"), "CLI11": ("cli11", "CLI11"),
    "nlohmann_json": ("nlohmann-json", "nlohmann_json"), "toml++/toml.h": ("tomlplusplus", "tomlplusplus"),
    "xtensor": ("xtensor", "xtensor"), "HDF5": ("hdf5", "HDF5"), "ZLIB": ("zlib-api", "zlib"),
    "openblas": ("openblas", None), "lapacke": (None, None), "fftw3": ("fftw", None), "fftw3f": (None, None),
    "BZip2": ("bzip2", "bzip2"), "LibLZMA": ("xz", "XZ"), "zstd": ("zstd", "zstd"), "Snappy": ("snappy", "snappy"),
    "simdjson": ("simdjson", "simdjson"), "xxhash.h": ("xxhash", "xxHash"), "xxhash": ("xxhash", "xxHash"),
    "isa-l/igzip_lib.h": ("isa-l", "ISA-L"),
    "fast_float/fast_float.h": ("fast-float", "fast_float"), "Threads": (None, None),
    "otf2/otf2.h": (None, None),  # taken where it is
}


def needed(recipes):
    """What the library stands on by CMake, as `recipes` (0: Spack, 1: EasyBuild) call it."""
    text = (ROOT / "CMakeLists.txt").read_text()
    for path in (ROOT / "cmake").glob("weir_*dependencies.cmake"):
        text += path.read_text()
    text += (ROOT / "cmake/weir_functions.cmake").read_text().split("function(weir_test", 1)[0]
    found = set(re.findall(r"find_package\((\w+)", text)) | set(re.findall(r"find_path\(\w+ (?:NAMES )?([\w./+-]+)", text))
    found |= set(re.findall(r"\b(lapacke|openblas|fftw3f?)\b", text))
    found -= {"weir", "Python3"}
    assert found <= set(NEEDED), f"a new library must be named for Spack and EasyBuild (got {found - set(NEEDED)})"
    return {NEEDED[one][recipes] for one in found} - {None}


def version():
    text = (ROOT / "include/weir/version.hpp").read_text()
    return re.search(r'string_view version = "([^"]+)"', text)[1]


def options():
    return set(re.findall(r"^option\((WEIR_\w+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE))


class SpackStub:
    """A module spack.package that notes what the recipe says, and knows no other name than Spack's."""

    def __init__(self):
        self.said = []
        module = types.ModuleType("spack.package")
        for name in SPACK:
            setattr(module, name, self.directive(name))
        module.CMakePackage = type("CMakePackage", (), {
            "define": lambda self, name, value: f"-D{name}={value}",
            "define_from_variant": lambda self, name, variant: f"-D{name}=<{variant}>"})
        module.__all__ = [*SPACK, "CMakePackage"]
        self.modules = {"spack": types.ModuleType("spack"), "spack.package": module}

    def directive(self, name):
        def note(*arguments, **named):
            self.said.append((name, arguments, named))
            return self

        return note

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    def values(self, directive):
        return [arguments[0] for name, arguments, _ in self.said if name == directive]


class Recipes(unittest.TestCase):
    def test_spack(self):
        stub = SpackStub()
        sys.modules |= stub.modules
        scope = {}
        exec(compile((ROOT / "packaging/spack/package.py").read_text(), "package.py", "exec"), scope)
        self.assertIn(version(), stub.values("version"))
        names = {re.split(r"[@ +~]", spec)[0] for spec in stub.values("depends_on")}
        self.assertEqual(needed(0) - names, set())
        arguments = scope["Weir"]().cmake_args()
        self.assertEqual({re.match(r"-D(\w+)=", one)[1] for one in arguments} - options(), set())
        variants = set(stub.values("variant"))
        self.assertEqual({name for one in arguments for name in re.findall("<(.*)>", one)} - variants, set())

    def test_easybuild(self):
        path, = (ROOT / "packaging/easybuild").glob("*.eb")
        said = {"SYSTEM": {"name": "system", "version": "system"}}
        exec(compile(path.read_text(), path.name, "exec"), {"__builtins__": {}}, said)
        del said["SYSTEM"]
        self.assertEqual(set(said) - EASYBUILD, set())
        self.assertEqual(said["version"], version())
        self.assertEqual(path.name, "{name}-{version}-{}-{}.eb".format(*said["toolchain"].values(), **said))
        names = {entry[0] for entry in said["dependencies"] + said["builddependencies"]}
        self.assertEqual(needed(1) - names, set())
        self.assertEqual(set(re.findall(r"-D(\w+)=", said["configopts"])) - options(), set())

    def test_apptainer(self):
        text = (ROOT / "packaging/apptainer/weir.def").read_text()
        self.assertRegex(text, r"(?m)^Bootstrap: docker$")
        self.assertRegex(text, r"(?m)^From: debian:12$")
        sections = dict(re.findall(r"^%(\w+)\n(.*?)(?=^%|\Z)", text, re.MULTILINE | re.DOTALL))
        self.assertEqual(set(sections) - APPTAINER, set())
        self.assertIn(f"Version {version()}\n", sections["labels"])
        self.assertEqual(set(re.findall(r"-D(WEIR_\w+)=", sections["post"])) - options(), set())
        for script in ("post", "test", "runscript"):
            done = subprocess.run(["sh", "-n"], input=sections[script], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main()
