#!/usr/bin/env python3
"""The last release's binary, for tests of upgrades: built once from this repository's own history, and kept by tag."""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from support import ROOT, Unavailable

# "TAG COMMIT": the commit is named too, since a clone need not have the tags.
LAST_RELEASE = Path(__file__).with_name("last_release")
KEPT = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "starling" / "releases"


def last_release() -> tuple:
    tag, commit = LAST_RELEASE.read_text().split()
    return tag, commit


def kept_binary() -> Path:
    tag, commit = last_release()
    return KEPT / f"{tag}-{commit[:12]}" / "starling"


def git(*args) -> bytes:
    # The checkout may be another user's: the tests run as root.
    command = ["git", "-C", str(ROOT), "-c", f"safe.directory={ROOT}", *args]
    return subprocess.run(command, check=True, capture_output=True).stdout


def in_history() -> bool:
    """False in a clone that was cut short."""
    try:
        git("cat-file", "-e", f"{last_release()[1]}^{{commit}}")
    except subprocess.CalledProcessError:
        return False
    return True


def check_tag():
    """Where the tag is known it must be the commit that stands beside it."""
    tag, commit = last_release()
    known = git("tag", "--list", tag).decode().strip()
    if known and git("rev-parse", f"{tag}^{{commit}}").decode().strip() != commit:
        raise AssertionError(f"{LAST_RELEASE.name} says {commit}, and the tag {tag} is another commit")


def binary() -> Path:
    """The path of the last release's binary. Unavailable where it was not built."""
    path = kept_binary()
    if not os.access(path, os.X_OK):
        raise Unavailable(f"{path} is not there: build it with tests/e2e/releases.py")
    return path


def build():
    path = kept_binary()
    if os.access(path, os.X_OK):
        print(f"{path} is there")
        return
    tag, commit = last_release()
    if not in_history():
        print(f"SKIP {tag}: this clone does not hold {commit}")
        return
    check_tag()
    with tempfile.TemporaryDirectory(prefix="starling-release-") as directory:
        archive = tarfile.open(fileobj=io.BytesIO(git("archive", "--format=tar", commit)))
        archive.extractall(directory, filter="data")
        for command in (["cmake", "--preset", "release", "-DSTARLING_TEST_KINDS=tidy"],
                        ["ninja", "-C", "build/release", "starling"]):
            subprocess.run(command, cwd=directory, check=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        # In one step, so that a build that is cut off leaves nothing that looks whole.
        unfinished = path.with_suffix(".new")
        unfinished.write_bytes((Path(directory) / "build/release/starling").read_bytes())
        unfinished.chmod(0o755)
        unfinished.rename(path)
    print(f"built {tag} as {path}")


if __name__ == "__main__":
    try:
        build()
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(error.cmd)}: exit {error.returncode}\n{(error.stderr or b'').decode(errors='replace')}")
