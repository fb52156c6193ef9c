#!/usr/bin/env python3
"""Nothing but the folder of a batch system and the table names it, or its programs and variables.

  names_test.py ROOT     prints one sentence for each line that does; exit status 1 if there is one
"""
import pathlib
import re
import sys

NAMES = re.compile(r"slurm|pbs|\blsf|\b(sbatch|scancel|squeue|sacct|qsub|qdel|qstat|bsub|bjobs|bkill)\b|LSB_",
                   re.IGNORECASE)
# The classes that programs have always written.
ALLOWED = {"include/weir/cluster.hpp": re.compile(r"\b(SlurmCluster|PbsCluster)\b")}


def without_comments(text):
    """Strings stay, since that is where names are wrong."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', lambda match: match[1] or "", text)


def main(root):
    systems = {path.name for path in (root / "src/batch").iterdir() if path.is_dir()}
    found = []
    for top in ("include", "src"):
        for path in sorted((root / top).rglob("*.[ch]pp")):
            file = str(path.relative_to(root))
            if file == "src/batch/table.cpp" or (file.startswith("src/batch/") and file.split("/")[2] in systems):
                continue
            for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
                if NAMES.search(line) and not (file in ALLOWED and ALLOWED[file].search(line)):
                    found.append(f"{file}:{number}: what is particular to a batch system must be in its folder (got {line.strip()})")
    print("\n".join(found))
    return 1 if found or len(systems) < 3 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
