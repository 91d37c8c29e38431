"""A fleet of real daemons on one machine: each node in a network namespace of its own, with a data plane of its own."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import namedtuple
from pathlib import Path

import data_planes
from data_planes import DIES_WITH_US, UnixConnection
from network import HostLan, inside
from support import Options, keep, let_go, wait_until

# Ten times of what is expected: a busy machine must not fail a test.
START_TIMEOUT_S = 60
JOIN_TIMEOUT_S = 100
APPLY_TIMEOUT_S = 50
REQUEST_TIMEOUT_S = 30
# A data plane may drop what comes in the middle of a reconfiguration: who waits for it asks again.
SERVE_TIMEOUT_S = 5
COMMAND_TIMEOUT_S = 60
SERVE_PORT = 8080
LOG_TAIL_LINES = 30

# As `init` has it by default, but on free ports.
LISTEN = ("/ip4/0.0.0.0/tcp/0", "/ip6/::/tcp/0", "/ip4/0.0.0.0/udp/0/quic-v1", "/ip6/::/udp/0/quic-v1")

Served = namedtuple("Served", "status location body")


class Reply:
    """An answer of the API: `status`, `headers`, `body` (bytes), and `json`."""

    def __init__(self, answer):
        self.status = answer.status
        self.headers = answer.headers
        self.body = answer.read()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def exchange(connection, method: str, path: str, body=None, headers=None) -> Reply:
    """One request; a value that is neither bytes nor text is sent as JSON."""
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    try:
        connection.request(method, path, body.encode() if isinstance(body, str) else body, headers or {})
        return Reply(connection.getresponse())
    except http.client.HTTPException as error:
        raise OSError(f"{method} {path}: {error!r}") from error
    finally:
        connection.close()


class Node:
    """One daemon, its folder, its data plane and its namespace. Made by Fleet."""

    def __init__(self, index: int, name: str, lan: HostLan, directory: Path, make_data_plane):
        self.index = index
        self.name = name
        self.lan = lan
        self.directory = directory
        self.state = directory / "state"
        self.socket = self.state / "api.sock"
        self.log = directory / "log"
        self.prefix = lan.prefix(index)
        self.binary = Options.binary
        self.peer = ""
        self.addrs = []
        self._process = None
        self._log_start = 0
        directory.mkdir()
        self.data_plane = make_data_plane(directory / "data-plane", self.prefix)

    # ---- the program ----

    def starling(self, *args, ok: bool = True, with_state: bool = True):
        """Runs a command at this node. With `ok` anything but exit code 0 is an AssertionError."""
        state = ("--state", str(self.state)) if with_state else ()
        command = [*self.prefix, str(self.binary), *map(str, args), *state]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        if ok and done.returncode != 0:
            raise AssertionError(f"starling {' '.join(map(str, args))}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def start(self):
        """`starling run`; returns at once: wait_ready() waits."""
        with open(self.log, "ab") as log:
            self._log_start = log.tell()
            command = [*self.prefix, *DIES_WITH_US, str(self.binary), "run", "--state", str(self.state)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self) -> list:
        """What the present run of the daemon has written, line by line."""
        with open(self.log, "rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace").splitlines()

    def _wait_line(self, begins: str, timeout: float) -> str:
        def found():
            line = next((line for line in self.said() if line.startswith(begins)), None)
            if line is None and self._process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self._process.returncode} and never said {begins!r}\n"
                                     + self.log_text())
            return line

        return wait_until(found, timeout, f"{self.name} says {begins!r}")

    def wait_ready(self):
        words = self._wait_line("ready ", START_TIMEOUT_S).split()
        self.peer = next(word.removeprefix("peer=") for word in words if word.startswith("peer="))
        self.addrs = [word.removeprefix("addr=") for word in words if word.startswith("addr=")]
        # The line comes when it listens for peers; the API is up by then or in the same moment.
        wait_until(lambda: self.api("GET", "/v1/status").status == 200, START_TIMEOUT_S, f"the API of {self.name} answers")

    def wait_joined(self):
        self._wait_line("joined", JOIN_TIMEOUT_S)

    def kill(self):
        """kill -9"""
        self._process.kill()
        self._process.wait()

    def terminate(self) -> float:
        """SIGTERM; the seconds until its end. `exit_code` tells how it ended."""
        begun = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(START_TIMEOUT_S)
        return time.monotonic() - begun

    def wait_exit(self, timeout: float = START_TIMEOUT_S) -> int:
        return self._process.wait(timeout)

    @property
    def exit_code(self):
        return self._process.poll()

    @property
    def pid(self) -> int:
        return self._process.pid

    def restart(self):
        self.start()
        self.wait_ready()

    # ---- what it answers and serves ----

    def api(self, method: str, path: str, body=None, headers=None, timeout: float = REQUEST_TIMEOUT_S) -> Reply:
        """One request to the API's unix socket. OSError when nobody answers."""
        return exchange(UnixConnection(self.socket, timeout), method, path, body, headers)

    def get(self, path: str):
        """The JSON at that path of the API; AssertionError unless it is 200."""
        reply = self.api("GET", path)
        assert reply.status == 200, f"{self.name}: GET {path}: {reply}"
        return reply.json

    def put(self, path: str, value, **more) -> Reply:
        """A PUT that must be answered by 200."""
        reply = self.api("PUT", path, value, **more)
        assert reply.status == 200, f"{self.name}: PUT {path}: {reply}"
        return reply

    def configuration(self):
        return self.get("/config")

    @property
    def ip4(self) -> str:
        return self.lan.ip4(self.index)

    @property
    def url(self) -> str:
        return f"http://{self.ip4}:{SERVE_PORT}/"

    def serve(self, path: str = "/") -> Served:
        """What the data plane answers; asked from the host, or from inside the namespace while that is cut off."""
        connection = http.client.HTTPConnection(self.ip4, SERVE_PORT, timeout=SERVE_TIMEOUT_S)
        if self.lan.is_cut(self.index):
            inside(self.lan.names[self.index], connection.connect)
        reply = exchange(connection, "GET", path)
        return Served(reply.status, reply.headers.get("Location"), reply.body.decode(errors="replace"))

    def wait_serves(self, location: str, path: str = "/", timeout: float = APPLY_TIMEOUT_S):
        """Waits until the data plane redirects `path` there: the tests' way to see which configuration runs."""
        wait_until(lambda: (served := self.serve(path)).location == location and served, timeout,
                   f"{self.name} redirects {path} to {location}")

    # ---- the end ----

    def log_text(self, lines: int = LOG_TAIL_LINES) -> str:
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
        return ""

    def close(self):
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.data_plane.stop()


def remove_leftover_directories():
    """Of runs that were killed with -9."""
    for directory in Path(tempfile.gettempdir()).glob("starling-*-*"):
        pid = directory.name.split("-")[1]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(directory, ignore_errors=True)


class Fleet:
    """A founded fleet, and all that it needs. A context manager; closed at the end of the process in any case.

    `data_plane` is auto, unit, nginx or none. The first node founds the fleet; the last `followers` hold the role node, the
    others operator. `spare` namespaces more are on the network, for whoever is no node. Tokens hold no address (nodes listen
    on port 0) unless `listen` says otherwise, so that nodes find one another by mDNS alone. In `flags`, {state} is the
    folder of the node that gets them; `init_flags` are for the founder alone. `lan` makes the network for a number of
    nodes; `prepare` is called with each node once it has its state, before it runs. `binary` is another program than the
    one under test.
    """

    def __init__(self, names=("n1", "n2", "n3"), data_plane: str = "auto", followers: int = 0, spare: int = 0,
                 listen=LISTEN, flags=("--take-fleet",), lan=HostLan,
                 prepare=lambda node: None, init_flags=(), binary=None):
        self._names = names
        self._make_data_plane = data_planes.maker(data_plane)
        self._followers = followers
        private = "--private" in init_flags  # there is no QUIC in such a network
        self._listen = [word for address in listen if not (private and "quic" in address) for word in ("--listen", address)]
        self._flags = list(flags)
        self._prepare_node = prepare
        self._init_flags = list(init_flags)
        self._binary = binary
        self._stack = contextlib.ExitStack()
        self.lan = lan(len(names) + spare)
        self.nodes = []
        self.founded = {}
        self.tokens = {}  # by node: the token that it joined with
        self._printed = {}  # by file: lines of it that have been shown

    def __enter__(self):
        keep(self)
        try:
            self._prepare()
            self._found()
            for node in self.nodes:
                self._prepare_node(node)
                node.start()
            for node in self.nodes:
                node.wait_ready()
            for node in self.nodes:
                node.wait_joined()
            self.wait_together()
        except BaseException:
            self.print_logs()
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        let_go(self)
        self._stack.close()

    def _prepare(self):
        remove_leftover_directories()
        self.directory = Path(tempfile.mkdtemp(prefix=f"starling-{os.getpid()}-"))
        # What a data plane's unprivileged workers serve must be in their reach; state folders are closed by themselves.
        self.directory.chmod(0o755)
        self._stack.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self._stack.enter_context(self.lan)
        for index, name in enumerate(self._names):
            self.add_node(name, index)

    def add_node(self, name: str, index: int, folder: str = "") -> Node:
        """One more, without a state yet, in namespace `index`. `folder` when two bear one name."""
        node = Node(index, name, self.lan, self.directory / (folder or name), self._make_data_plane)
        node.binary = self._binary or node.binary
        self.nodes.append(node)
        self._stack.callback(node.close)
        node.data_plane.start()
        return node

    def node_flags(self, node: Node) -> list:
        flags = [flag.format(state=node.state) for flag in self._flags]
        return ["--name", node.name, *self._listen, "--data-plane", node.data_plane.argument, *flags]

    def _found(self):
        first, *others = self.nodes
        self.founded = json.loads(first.starling("init", *self.node_flags(first), *self._init_flags, "--json").stdout)
        # init's own two tokens first, one use each; then no invite is left open that nobody asked for.
        at_hand = {"operator": self.founded["join-operator"], "node": self.founded["join-node"]}
        for number, node in enumerate(others):
            role = "node" if number >= len(others) - self._followers else "operator"
            self.tokens[node.name] = at_hand.pop(role, None) or self.invite(role)
            node.starling("join", self.tokens[node.name], *self.node_flags(node))

    def invite(self, role: str = "node", *more) -> str:
        return self.nodes[0].starling("invite", "--role", role, *more).stdout.strip()

    def __getitem__(self, index: int) -> Node:
        return self.nodes[index]

    # ---- seen from above ----

    def wait_together(self, timeout: float = JOIN_TIMEOUT_S):
        """Every node knows every other as a member, and as online."""
        count = len(self.nodes)
        def together():
            seen = [[node["online"] for node in node.get("/v1/nodes")["nodes"]] for node in self.nodes]
            return all(len(online) == count and all(online) for online in seen)
        wait_until(together, timeout, f"all {count} nodes see all online")

    def agree(self) -> bool:
        """The same revision and the same document everywhere."""
        revisions = {node.get("/v1/status")["revision"] for node in self.nodes}
        documents = {json.dumps(node.configuration(), sort_keys=True) for node in self.nodes}
        return len(revisions) == 1 and len(documents) == 1

    def cut(self, *nodes: Node):
        self.lan.cut(*(node.index for node in nodes))

    def heal(self):
        self.lan.heal()

    def print_logs(self):
        """The end of what each daemon and data plane wrote since this was called last."""
        for node in self.nodes:
            for what, file in (("log", node.log), ("data plane", node.data_plane.log_tail())):
                if file is None or not file.exists():
                    continue
                lines = file.read_text(errors="replace").splitlines()
                new = lines[self._printed.get(file, 0):]
                self._printed[file] = len(lines)
                if new:
                    print(f"--- {node.name}: {what}", *new[-LOG_TAIL_LINES:], sep="\n", file=sys.stderr, flush=True)


# ---- keys and tokens, as the formats say ----

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def peer_id_of(key_file: Path) -> str:
    """The peer id of an Ed25519 key in libp2p's protobuf form, whose last 32 bytes are its public half."""
    public_key = key_file.read_bytes()[-32:]
    return base58(b"\x00\x24\x08\x01\x12\x20" + public_key)


Token = namedtuple("Token", "fleet issuer addresses seed network_key")


def read_token(text: str) -> Token:
    """Takes a join token apart: base32 of version, protobuf fields 1 to 5, and four bytes of checksum."""
    assert text[0] == "b", text
    coded = text[1:].upper()
    raw = base64.b32decode(coded + "=" * (-len(coded) % 8))
    fields = {}
    at = 1
    while at < len(raw) - 4:
        number, at = raw[at] >> 3, at + 1
        size = shift = 0
        while True:
            byte, at = raw[at], at + 1
            size |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
        fields.setdefault(number, []).append(raw[at:at + size])
        at += size
    return Token(fields[1][0], fields[2][0], fields.get(3, []), fields[4][0], fields.get(5, [None])[0])


def redirect(location: str) -> list:
    """A route of which a test can tell that it runs, on any data plane."""
    return [{"action": {"return": 302, "location": location}}]


def listener(target: str = "routes/main") -> dict:
    return {f"*:{SERVE_PORT}": {"pass": target}}
