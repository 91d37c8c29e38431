"""F1: from one change at one node until every Unit runs it; Starling, and the experiment that it grew from."""

import contextlib
import http.client
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from figures import ROOT, Surroundings, percentile, table

sys.path[:0] = [str(ROOT / "tests" / "interop"), str(ROOT / "tests" / "e2e")]
import data_planes  # noqa: E402
import network  # noqa: E402
import support  # noqa: E402
from fleet import Fleet  # noqa: E402
from peers import Peer, Unavailable, build_node_program  # noqa: E402

HEADING = "F1: one change until every Unit runs it"
RECORDER = Path(__file__).resolve().parent / "recorder.py"
LOCATION = "/config/routes/main/0/action/location"
CONFIGURATION = {"listeners": {"*:8080": {"pass": "routes/main"}},
                 "routes": {"main": [{"action": {"return": 302, "location": "/mark-0"}}]}}
WARM_UP_CHANGES = 5
MEET_TIMEOUT_S = 60
CHANGE_TIMEOUT_S = 10
HTTP_TIMEOUT_S = 30
HTTP_PORT = 8000
# So that no change meets what is left of the one before.
PAUSE_S = 0.05


class Records:
    """What all recorders of a fleet have noted."""

    def __init__(self):
        self._read_end, self.write_end = os.pipe()
        self._unread = b""
        self._seen = {}  # mark: {node: time of the first answer}

    def wait(self, mark: int, nodes: int, timeout: float):
        """When each node's Unit ran it: all of them, or those until the time was up."""
        deadline = time.monotonic() + timeout
        while len(self._seen.get(mark, {})) < nodes and (left := deadline - time.monotonic()) > 0:
            if select.select([self._read_end], [], [], left)[0]:
                *lines, self._unread = (self._unread + os.read(self._read_end, 1 << 16)).split(b"\n")
                for line in lines:
                    node, number, at = line.split()
                    self._seen.setdefault(int(number), {}).setdefault(int(node), float(at))
        return self._seen.get(mark, {})

    def close(self):
        os.close(self._read_end)
        os.close(self.write_end)


class RecordedUnit:
    """A Unit behind a recorder, for a node that knows nothing of it."""

    kind = "unit"

    def __init__(self, unit, index: int, directory: Path, records: Records):
        self._unit, self._index, self._records = unit, index, records
        self._recorder = None
        self.socket = directory / "recorder.sock"
        self.argument = f"unit:{self.socket}"

    def start(self):
        self._unit.start()
        self._recorder = subprocess.Popen(
            [*data_planes.DIES_WITH_US, sys.executable, str(RECORDER), str(self._index), str(self.socket), str(self._unit.control)],
            stdin=subprocess.DEVNULL, stdout=self._records.write_end)
        support.wait_until(self.socket.exists, HTTP_TIMEOUT_S, "the recorder listens")

    def put(self, path: str, value):
        """As somebody on that machine would: through the recorder too."""
        exchange(data_planes.UnixConnection(self.socket, HTTP_TIMEOUT_S), "PUT", path, json.dumps(value))

    def stop(self):
        if self._recorder is not None:
            self._recorder.kill()
            self._recorder.wait()
            self._recorder = None
        self._unit.stop()

    def log_tail(self):
        return self._unit.log_tail()


def exchange(connection: http.client.HTTPConnection, method: str, path: str, body: str = ""):
    """The JSON of an answer that must be 200."""
    with contextlib.closing(connection):
        connection.request(method, path, body.encode())
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise OSError(f"{method} {path}: {answer.status} {text[:200]!r}")
        return json.loads(text)


class StarlingFleet(Fleet):
    name = "Starling"

    def __init__(self, count: int, records: Records):
        super().__init__(names=tuple(f"n{i + 1}" for i in range(count)), data_plane="unit")
        make_unit = self._make_data_plane
        self._make_data_plane = lambda directory, prefix: RecordedUnit(make_unit(directory, prefix), len(self.nodes), directory,
                                                                       records)

    def prepare(self) -> str:
        self[0].put("/config", CONFIGURATION)
        return ""

    def change(self, index: int, location: str):
        self[index].put(LOCATION, json.dumps(location))


class Experiment(ExitStack):
    """The same machine and the same Units, with the experiment's script beside each."""

    name = "the experiment"

    def __init__(self, count: int, records: Records):
        super().__init__()
        self._count, self._records = count, records
        self._units, self._urls = [], []

    def __enter__(self):
        super().__enter__()
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def _start(self):
        command = build_node_program(ROOT / "bench" / "experiment", "experiment")
        make_unit = data_planes.maker("unit")
        directory = Path(tempfile.mkdtemp(prefix="starling-"))
        self.callback(shutil.rmtree, directory, ignore_errors=True)
        lan = self.enter_context(network.HostLan(self._count))
        for i in range(self._count):
            unit = RecordedUnit(make_unit(directory / str(i), lan.prefix(i)), i, directory / str(i), self._records)
            self.callback(unit.stop)
            unit.start()
            self._units.append(unit)
            self.enter_context(Peer(command, "--unit", str(unit.socket), "--http", f"{lan.ip4(i)}:{HTTP_PORT}",
                                    name=f"experiment {i}", prefix=lan.prefix(i)))
            self._urls.append(lan.ip4(i))

    def _ask(self, index: int, method: str, path: str):
        return exchange(http.client.HTTPConnection(self._urls[index], HTTP_PORT, timeout=HTTP_TIMEOUT_S), method, path)

    def _met(self) -> bool:
        return all(len(self._ask(i, "GET", "/peers")["subscribed"]) == self._count - 1 for i in range(self._count))

    def prepare(self) -> str:
        for unit in self._units:
            unit.put("/config", CONFIGURATION)
        deadline = time.monotonic() + MEET_TIMEOUT_S
        while not self._met():
            if time.monotonic() > deadline:
                return f"not all had met after {MEET_TIMEOUT_S} s"
            time.sleep(1)
        return ""

    def change(self, index: int, location: str):
        self._units[index].put(LOCATION, location)
        self._ask(index, "POST", "/config")


class Taken:
    """What became of a fleet's changes."""

    def __init__(self, name: str, nodes: int):
        self.name, self.nodes = name, nodes
        self.changes = 0
        self.delays_ms = []  # of those that reached every Unit
        self.remark = ""

    def row(self, base) -> tuple:
        def figure(share: float) -> str:
            return f"{percentile(self.delays_ms, share):.1f}" if self.delays_ms else "-"
        ratio = "-"
        if self.delays_ms and base.delays_ms:
            ratio = f"{percentile(self.delays_ms, 0.5) / percentile(base.delays_ms, 0.5):.2f}"
        return (self.nodes, self.name, f"{len(self.delays_ms)} of {self.changes}", figure(0.5), figure(0.95), figure(1), ratio,
                self.remark)


def take(kind, nodes: int, changes: int) -> Taken:
    taken = Taken(kind.name, nodes)
    records = Records()
    try:
        with kind(nodes, records) as fleet:
            taken.remark = fleet.prepare()
            assert len(records.wait(0, nodes, MEET_TIMEOUT_S)) == nodes, "the first configuration didn't reach every Unit"
            for number in range(1, WARM_UP_CHANGES + changes + 1):
                delay_ms = one_change(fleet, records, number, nodes)
                if number <= WARM_UP_CHANGES:
                    continue
                taken.changes += 1
                if delay_ms is not None:
                    taken.delays_ms.append(delay_ms)
    except AssertionError as error:
        # A fleet that doesn't come up is a result too.
        taken.remark = str(error).splitlines()[0]
    finally:
        records.close()
    print(f"F1 {nodes} nodes, {taken.name}: {len(taken.delays_ms)} of {taken.changes} changes, "
          f"p50 {taken.row(taken)[3]} ms {taken.remark}", flush=True)
    return taken


def one_change(fleet, records: Records, number: int, nodes: int):
    """Milliseconds; none when it didn't reach all in time."""
    begun = time.monotonic()
    fleet.change(number % nodes, f"/mark-{number}")
    seen = records.wait(number, nodes, CHANGE_TIMEOUT_S)
    time.sleep(PAUSE_S)
    return (max(seen.values()) - begun) * 1000 if len(seen) == nodes else None


def measure(binary: Path, sizes: list, changes: int) -> str:
    support.Options.binary = binary
    support.end_cleanly()
    network.check_namespaces()
    surroundings = Surroundings()
    rows = []
    for nodes in sizes:
        ours, base = (take(kind, nodes, changes) for kind in (StarlingFleet, Experiment))
        rows += [taken.row(base) for taken in (ours, base)]
    return (surroundings.text()
            + f"\n{changes} changes one after the other, at each node in turn, after {WARM_UP_CHANGES} for warming up. All nodes on this "
            "machine, each with a real Unit in a network namespace; they find each other by mDNS. Milliseconds\nfrom the first byte "
            "of the one PUT until the last Unit has answered its node that it runs the configuration. The experiment is changed by "
            "a PUT at a Unit, and told by a POST to its script.\nBetween each node and its Unit stands a recorder, which costs both "
            "the same. What hasn't reached every Unit "
            f"within {CHANGE_TIMEOUT_S} s counts as lost.\n\n"
            + table(("nodes", "", "reached every Unit", "p50", "p95", "max", "p50 ÷ the experiment's", ""), rows))


__all__ = ["HEADING", "Unavailable", "measure"]
