"""P4, P5 and P7: what it takes to connect, and to be connected."""

import itertools
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

from figures import Surroundings, median, paragraph, table
from pairs import (ALL, OURS, WITHOUT_JS, Loopback, Pair, Peer, PeerFailed, Setting, commands, cpu_s, failures, ratio,
                   resident_bytes)

import network  # noqa: E402  (pairs.py has made it importable)
from slow_lan import SlowLan  # noqa: E402

P4 = "P4: connect, identify, one byte up and down"
P5 = "P5: handshakes"
P7 = "P7: memory of an idle connection"
TRANSPORTS = ("tcp", "quic-v1")
WARM_UP = 10
# go-libp2p lets only 32 wait to be accepted over QUIC, and refuses the rest.
AT_ONCE = {"tcp": 64, "quic-v1": 16}
COMMAND_TIMEOUT_MS = 600_000
ONE_WAY_MS = 50
# The first tells what is looked up or resolved only once.
FAR_PROBES = 4
# Until what it took to make the connections is given back, where it is.
SETTLE_S = 20


class Crowd:
    """Our hosts, each with a key of its own, whoever it is that they connect to: one host keeps one connection to a peer."""

    def __init__(self, command: list, setting: Setting, transport: str):
        self._command, self._setting, self._at_once = command, setting, AT_ONCE[transport]

    @contextmanager
    def with_server(self, pair: Pair, count: int):
        """All of them are connected and have identified; they stay until the end."""
        with Peer(self._command, *self._setting.flags, name=f"crowd for {pair.name}", prefix=self._setting.client_prefix) as peer:
            peer.call("crowd", addr=pair.address, count=count, at_once=self._at_once, timeout_ms=COMMAND_TIMEOUT_MS)
            yield


class Prober(Pair):
    def probe(self, count: int):
        """Connections one after the other."""
        before = self.cpu_s()
        took = self.client.call("reconnect", addr=self.address, count=count, probe=True, timeout_ms=COMMAND_TIMEOUT_MS)
        self.byte_ms, self.identified_ms = median(took["byte_ms"]), median(took["identified_ms"])
        self.cpu_ms = (self.cpu_s() - before) * 1000 / count


def probe(peer_binary: Path, count: int) -> str:
    network.check_namespaces()
    found = commands(peer_binary, ALL)
    surroundings = Surroundings()
    rows, failed = [], ""
    for transport in TRANSPORTS:
        near, far = _probe_near(found, transport, count), _probe_far(found, transport)
        failed += failures(near + far)
        whole = [(pair, other) for pair, other in zip(near, far) if not pair.failure and not other.failure]
        cpu = {pair.name: pair.cpu_ms for pair, _ in whole}
        for pair, other in whole:
            print(f"P4 {transport} {pair.name}: {pair.byte_ms:.2f} ms, {pair.cpu_ms:.2f} ms of CPU", flush=True)
            round_trips = (f"{ms / (2 * ONE_WAY_MS):.1f}" for ms in (other.byte_ms, other.identified_ms))
            rows.append((transport, pair.name, f"{pair.byte_ms:.2f}", f"{pair.identified_ms:.2f}", f"{pair.cpu_ms:.2f}",
                         ratio(cpu, pair.name, min), *round_trips))
    return (surroundings.text()
            + paragraph(f"{count} connections one after the other on loopback (TCP with Noise), after {WARM_UP} for warming up:",
                        "dialled, the perf protocol with one byte up and down, and identify, which goes on beside it. Medians, from",
                        "the dial on; a connection's CPU is that of both processes. Round trips: the same",
                        f"{FAR_PROBES} times with {ONE_WAY_MS} ms each way between the two, ÷ {2 * ONE_WAY_MS} ms.")
            + failed + "\n"
            + table(("", "", "ms until the byte is back", "ms until identified, too", "CPU ms", "CPU ÷ the better's",
                     "round trips for the byte", "for identify, too"), rows))


def _probe_near(found: dict, transport: str, count: int) -> list:
    with ExitStack() as stack:
        setting = Setting(stack.enter_context(Loopback()), transport)
        pairs = [Prober(stack, name, command, setting) for name, command in found.items()]
        for number, pair in itertools.product((WARM_UP, count), pairs):
            pair.attempt(pair.probe, number)
    return pairs


def _probe_far(found: dict, transport: str) -> list:
    with ExitStack() as stack:
        setting = Setting(stack.enter_context(SlowLan(2, ONE_WAY_MS, 0)), transport, far=True)
        pairs = [Prober(stack, name, command, setting) for name, command in found.items()]
        for pair in pairs:
            pair.attempt(pair.probe, FAR_PROBES)
    return pairs


class Handshaker(Pair):
    def __init__(self, *args):
        super().__init__(*args)
        self.in_a_row, self.a_core, self.served_a_core = [], [], []

    def in_a_row_once(self, count: int):
        before = self.cpu_s()
        took = self.client.call("reconnect", addr=self.address, count=count, timeout_ms=COMMAND_TIMEOUT_MS)
        self.in_a_row.append(count / took["total_s"])
        self.a_core.append(2 * count / (self.cpu_s() - before))

    def serve(self, crowd: Crowd, count: int):
        before = cpu_s(self.server.pid)
        with crowd.with_server(self, count):
            self.served_a_core.append(count / (cpu_s(self.server.pid) - before))
        print(f"P5 {self.name}: {self.in_a_row[-1]:.0f} connections/s in a row, {self.a_core[-1]:.0f} handshakes/s a core, "
              f"{self.served_a_core[-1]:.0f}/s a core served", flush=True)


def handshakes(peer_binary: Path, count: int, rounds: int) -> str:
    found = commands(peer_binary, WITHOUT_JS)
    surroundings = Surroundings()
    rows, failed = [], ""
    for transport in TRANSPORTS:
        with ExitStack() as stack:
            setting = Setting(stack.enter_context(Loopback()), transport)
            pairs = [Handshaker(stack, name, command, setting) for name, command in found.items()]
            crowd = Crowd(found[OURS], setting, transport)
            for _, pair in itertools.product(range(rounds), pairs):
                pair.attempt(pair.in_a_row_once, count)
                pair.attempt(pair.serve, crowd, count)
        failed += failures(pairs)
        rows += _handshake_rows(transport, [pair for pair in pairs if not pair.failure])
    return (surroundings.text()
            + paragraph(f"{count} connections, {rounds} times, alternating, on loopback (TCP with Noise); medians. In a row: dialled",
                        "and ended again, between two processes of one implementation; a connection is two handshakes, and a core's",
                        f"are those of a second of both processes' CPU. Many at a time: {count} of our hosts, {AT_ONCE['tcp']} at a time",
                        f"over TCP and {AT_ONCE['quic-v1']} over QUIC, connect and identify, and stay; the CPU is that of the node",
                        "that they connect to. In both, identify goes on beside it, and each peer prints a line for each event.")
            + failed + "\n"
            + table(("", "", "a second, in a row", "÷ the better's", "handshakes a second a core", "÷ the better's",
                     "served a second a core, many at a time", "÷ the better's"), rows))


def _handshake_rows(transport: str, pairs: list) -> list:
    columns = [{pair.name: median(figures(pair)) for pair in pairs}
               for figures in (lambda pair: pair.in_a_row, lambda pair: pair.a_core, lambda pair: pair.served_a_core)]
    return [(transport, pair.name, *itertools.chain(*((f"{column[pair.name]:.0f}", ratio(column, pair.name)) for column in columns)))
            for pair in pairs]


class Holder(Pair):
    def hold(self, crowd: Crowd, count: int):
        before = resident_bytes(self.server.pid)
        with crowd.with_server(self, count):
            time.sleep(SETTLE_S)
            connected = len(self.server.call("peers")["peers"])
            if connected != count:
                raise PeerFailed(f"{self.name}: {connected} of {count} are connected")
            self.kib = (resident_bytes(self.server.pid) - before) / 1024 / count


def memory(peer_binary: Path, count: int) -> str:
    found = commands(peer_binary, ALL)
    surroundings = Surroundings()
    rows, failed = [], ""
    for transport in TRANSPORTS:
        with ExitStack() as stack:
            setting = Setting(stack.enter_context(Loopback()), transport)
            pairs = [Holder(stack, name, command, setting) for name, command in found.items()]
            crowd = Crowd(found[OURS], setting, transport)
            for pair in pairs:
                if pair.attempt(pair.hold, crowd, count):
                    print(f"P7 {transport} {pair.name}: {pair.kib:.1f} KiB a connection", flush=True)
        failed += failures(pairs)
        kib = {pair.name: pair.kib for pair in pairs if not pair.failure}
        rows += [(transport, name, f"{kib[name]:.1f}", ratio(kib, name, min)) for name in kib]
    return (surroundings.text()
            + paragraph(f"{count} of our hosts, each with a key of its own, connect to one node and identify (TCP with Noise). By",
                        f"how much its resident memory has grown {SETTLE_S} s later, ÷ {count}; what the kernel holds for the",
                        "sockets isn't in it, and what has been freed but not given back is.")
            + failed + "\n" + table(("", "", "KiB a connection", "÷ the better's"), rows))
