#!/usr/bin/env python3
"""Checks the rules that no compiler knows. Prints what is wrong, a line each, and why; exits 1 if anything is.

--modules names the modules.txt of a build tree. --only attacks compares the attack tests with their cases alone.
"""

import argparse
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import rules
from modules import Modules
from source import Source

ROOT = Path(__file__).resolve().parent.parent.parent
FUZZ = "tests/fuzz/"
ATTACKS = "tests/attacks/"


def project_files() -> dict:
    """The text of each file of the project by its path: what git knows, and what is new and not ignored."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode()
    files = {}
    for path in sorted(set(listed.split("\0")) - {""}):
        file = ROOT / path
        if file.is_file() and not file.is_symlink():
            try:
                files[path] = file.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                pass  # pictures and seeds of the fuzz targets
    return files


def check(files: dict, modules: Modules):
    """(path, line, what is wrong), in the order of the files."""
    for folder, wrong in modules.wrong_declarations():
        yield folder, 1, wrong
    for path, text in files.items():
        yield from ((path, line, wrong) for line, wrong in rules.of_text(path, text))
        if path.endswith((".cpp", ".hpp")):
            source = Source(path, text)
            yield from ((path, line, wrong) for line, wrong in rules.of_cxx(source))
            yield from ((path, line, wrong) for line, wrong in modules.wrong_includes(source))
        elif path.endswith(".py"):
            yield from ((path, line, wrong) for line, wrong in rules.of_python(path, text))
    yield from rules.of_types({path: text for path, text in files.items() if path.endswith(".hpp")
                               and path.startswith(("libp2p/", "starling/", "sim/"))})
    fuzzers = [Path(path).name for path in files if path.startswith(FUZZ) and path.endswith("_fuzz.cpp")]
    yield from rules.of_fuzz(files[FUZZ + "CMakeLists.txt"], fuzzers)


def check_attacks(files: dict):
    tests = {path: text for path, text in files.items() if path.startswith("tests/") and path.endswith("_test.cpp")}
    return rules.of_attacks(files[ATTACKS + "CASES"], tests)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modules", type=Path)
    parser.add_argument("--only", choices=["attacks"])
    arguments = parser.parse_args()
    files = project_files()
    if arguments.only:
        wrong = list(check_attacks(files))
    elif arguments.modules:
        wrong = list(check(files, Modules(arguments.modules.read_text())))
    else:
        parser.error("--modules is missing: the modules.txt of a build tree")
    for path, line, what in wrong:
        print(f"{path}:{line}: {what}")
    print(f"{len(files)} files read, {len(wrong)} things to mend")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
