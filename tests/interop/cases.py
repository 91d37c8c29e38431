"""The cases of run.py. Each gets the two sides, dialler and listener, and raises when something is wrong. What can't be
had of a peer whatever we do stands in `IMPOSSIBLE`, with its reason, and nowhere else."""

import re
import secrets
import tempfile
import threading
from pathlib import Path
from typing import Callable, NamedTuple

from peers import CommandFailed, Lan, Peer, wss_certificate

PERF_BYTES = 8 << 20
PINGS = 5
GOSSIP_MESSAGES = 50
# Longer than the time after which the slowest asks again.
MDNS_S = 45
# How long a dial may take that must fail.
REFUSAL_MS = 4000
# The peer id of the Ed25519 key whose seed is all zeros.
SOMEBODY = "12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"
AGENT = "starling-interop-"
AGENTS = {"starling": AGENT + "cpp", "go": AGENT + "go", "js": AGENT + "js", "rust": AGENT + "rust", "py": AGENT + "py"}
# These offer the muxer inside the handshake; with another, multistream settles it.
EARLY = {"starling", "go", "js"}
# rust signs its records in a form of its own, and takes no other.
NO_RECORDS = {"rust"}
SECURITIES = {"noise": "/noise", "tls": "/tls/1.0.0"}
SUFFIXES = {"tcp": "/tcp/0", "ws": "/tcp/0/ws", "wss": "/tcp/0/tls/ws", "quic-v1": "/udp/0/quic-v1"}


class Stack(NamedTuple):
    transport: str
    security: str = ""  # none: the transport secures and multiplexes
    private: bool = False

    def __str__(self):
        return " ".join(filter(None, (self.transport, self.security, "private" if self.private else "")))


TCP, TCP_TLS, QUIC = Stack("tcp", "noise"), Stack("tcp", "tls"), Stack("quic-v1")
PRIVATE = Stack("tcp", "noise", private=True)
STACKS = (TCP, TCP_TLS, Stack("ws", "noise"), Stack("ws", "tls"), Stack("wss", "noise"), Stack("wss", "tls"), QUIC, PRIVATE,
          Stack("tcp", "tls", private=True), Stack("ws", "noise", private=True))


ONE_LAN = threading.Lock()


class Failed(Exception):
    """What was seen isn't what must be; the text says both."""


def expect(what: str, seen, wanted):
    if seen != wanted:
        raise Failed(f"{what}: {seen!r} instead of {wanted!r}")


def expect_in(what: str, wanted, seen):
    if wanted not in seen:
        raise Failed(f"{what}: {wanted!r} is not in {seen!r}")


class Sides:
    """Starts the two peers of a cell; they end with the cell."""

    def __init__(self, stack, commands: dict, dialer: str, listener: str):
        self._exits, self._commands = stack, commands
        self.dialer, self.listener = dialer, listener

    def start(self, kind: str, *flags: str, **more) -> Peer:
        return self._exits.enter_context(Peer(self._commands[kind], *flags, name=kind, **more))

    def pair(self, *flags: str, listener_flags=None, stack: Stack = TCP, psks=None):
        """`psks`: the files with the private network's key, of the dialler and of the listener."""
        psks = psks or [self.psk()] * 2 if stack.private else ((), ())
        theirs = flags if listener_flags is None else listener_flags
        listener = self.start(self.listener, "--listen", f"/ip4/127.0.0.1{SUFFIXES[stack.transport]}",
                              *stack_flags(stack), *psks[1], *theirs)
        return self.start(self.dialer, *stack_flags(stack), *psks[0], *flags), listener

    def connected(self, *flags: str, **more):
        """Both know of the connection: js-libp2p resets streams that come before it has finished with an inbound one."""
        dialer, listener = self.pair(*flags, **more)
        answer = dialer.call("dial", addr=listener.addrs[0])
        listener.wait_event("connected", peer=dialer.id)
        return dialer, listener, answer

    def psk(self) -> tuple:
        """The flags for a private network of its own."""
        file = Path(self._exits.enter_context(tempfile.TemporaryDirectory())) / "swarm.key"
        file.write_text(f"/key/swarm/psk/1.0.0/\n/base16/\n{secrets.token_hex(32)}\n", encoding="ascii")
        return ("--psk", str(file))

    def lan(self):
        """A network of two, the peers on it looking for each other. No other cell has one meanwhile."""
        self._exits.enter_context(ONE_LAN)
        lan = self._exits.enter_context(Lan(2))
        return [self.start(kind, "--listen", f"/ip4/{lan.ip4(i)}/tcp/0", "--mdns", "on", prefix=lan.prefix(i))
                for i, kind in enumerate((self.dialer, self.listener))]


def stack_flags(stack: Stack) -> tuple:
    return ("--transport", stack.transport, *(("--security", stack.security) if stack.security else ()),
            *(wss_certificate() if stack.transport == "wss" else ()))


def both(a: Peer, b: Peer):
    return ((a, b), (b, a))


def check_connection(what: str, fields: dict, stack: Stack):
    expect(f"{what}: security", fields["security"], SECURITIES.get(stack.security, ""))
    expect(f"{what}: muxer", fields["muxer"], "/yamux/1.0.0" if stack.security else "")


def whole_stack(sides: Sides, stack: Stack):
    """A little of everything, over one stack."""
    a, b, dialled = sides.connected(stack=stack)
    expect("peer", dialled["peer"], b.id)
    check_connection("dial", dialled, stack)
    check_connection("the dialler's event", a.wait_event("connected", peer=b.id, direction="outbound"), stack)
    check_connection("the listener's event", b.wait_event("connected", peer=a.id, direction="inbound"), stack)
    for one, other in both(a, b):
        one.call("ping", peer=other.id, count=2)
        expect("agent", one.call("identify", peer=other.id)["agent"], AGENTS[other.name])
        # More than a window of Yamux, which the other side has to widen.
        one.call("perf", peer=other.id, upload=400_000, download=400_000)
        expect("an unknown protocol", one.call("try_stream", peer=other.id, protocol="/test/nobody/1")["accepted"], False)
    a.call("disconnect", peer=b.id)
    for left, gone in both(a, b):
        left.wait_event("disconnected", peer=gone.id)


def check_muxer(sides: Sides, dialer_early: str, listener_early: str, stack: Stack):
    early = dialer_early == listener_early == "on" and {sides.dialer, sides.listener} <= EARLY
    a, b, dialled = sides.connected("--early-muxer", dialer_early, listener_flags=("--early-muxer", listener_early), stack=stack)
    told = [("dial", dialled), ("the dialler's event", a.wait_event("connected", peer=b.id, direction="outbound")),
            ("the listener's event", b.wait_event("connected", peer=a.id, direction="inbound"))]
    for what, fields in told:
        check_connection(what, fields, stack)
        expect(f"{what}: muxer settled in the handshake", fields["early_muxer"], early)
    for one, other in both(a, b):
        one.call("ping", peer=other.id, count=1)


def check_key(sides: Sides, key: str, stack: Stack):
    a, b, _ = sides.connected("--key", key, stack=stack)
    for one, other in both(a, b):
        one.call("ping", peer=other.id, count=1)
        one.wait_event("identified", peer=other.id)


def another_network_is_refused(sides: Sides):
    a, b = sides.pair(stack=PRIVATE, psks=(sides.psk(), sides.psk()))
    check_refused(a, b.addrs[0])


def check_refused(one: Peer, address: str):
    try:
        one.call("dial", addr=address, timeout_ms=REFUSAL_MS)
    except CommandFailed:
        return
    raise Failed("it was dialled")


def another_peer_id_is_refused(sides: Sides):
    a, b = sides.pair()
    check_refused(a, f"{b.addrs[0].rsplit('/', 1)[0]}/{SOMEBODY}")


def disconnecting(sides: Sides):
    for closer in (0, 1):
        a, b, _ = sides.connected()
        a.wait_event("connected", peer=b.id)
        b.wait_event("connected", peer=a.id)
        expect("peers", a.call("peers")["peers"], [b.id])
        one, other = both(a, b)[closer]
        one.call("disconnect", peer=other.id)
        for left, gone in both(a, b):
            left.wait_event("disconnected", peer=gone.id)
            left.call("wait_closed", peer=gone.id)
            expect("peers", left.call("peers")["peers"], [])


def ping(sides: Sides):
    a, b, _ = sides.connected()
    for one, other in both(a, b):
        rtts = one.call("ping", peer=other.id, count=PINGS)["rtt_ms"]
        expect("answers", len(rtts), PINGS)


def streams_refused_and_taken(sides: Sides):
    a, b, _ = sides.connected()
    for one, other in both(a, b):
        refused = one.call("try_stream", peer=other.id, protocol="/test/nobody/1")
        expect(f"{other.name}: an unknown protocol", refused["accepted"], False)
        echoed = one.call("try_stream", peer=other.id, protocol="/ipfs/ping/1.0.0", send_hex="ab" * 32)
        expect(f"{other.name}: the echo", (echoed["bytes_hex"], echoed["end"]), ("ab" * 32, "open"))
        one.call("ping", peer=other.id, count=1)


def identify(sides: Sides):
    a, b, _ = sides.connected()
    for one, other in both(a, b):
        told = one.call("identify", peer=other.id)
        expect("agent", told["agent"], AGENTS[other.name])
        expect("pushed", told["pushed"], False)
        for name in ("/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0", "/perf/1.0.0"):
            expect_in(f"what {other.name} speaks", name, told["protocols"])
        expect_in(f"how {other.name} sees {one.name}", "/ip4/127.0.0.1/tcp/", told["observed_addr"])
        expect("protocols", sorted(one.call("protocols", peer=other.id)["protocols"]), sorted(told["protocols"]))
    # Only the listener has an address, and so a record, to tell.
    of_listener = a.call("identify", peer=b.id)
    expect("a signed record", of_listener["signed_record"], not {a.name, b.name} & NO_RECORDS)
    expect("addresses", [f"{addr}/p2p/{b.id}" for addr in of_listener["listen_addrs"]], b.addrs)


def identify_push(sides: Sides):
    a, b, _ = sides.connected()
    for one, other in both(a, b):
        one.call("identify", peer=other.id)
    for one, other in both(a, b):
        name = f"/test/push-of-{other.name}/1"
        since = one.mark()
        other.call("push", protocol=name)
        expect_in("the push", name, one.wait_event("identified", since=since, peer=other.id, pushed=True)["protocols"])
        expect_in("protocols", name, one.call("protocols", peer=other.id)["protocols"])


def check_perf(sides: Sides, sizes):
    a, b, _ = sides.connected()
    for one, other in both(a, b):
        for upload, download in sizes:
            # The peers count what comes, and answer only once all has come; another number of bytes is an error.
            took = one.call("perf", peer=other.id, upload=upload, download=download)
            expect("seconds", abs(took["upload_s"] + took["download_s"] - took["total_s"]) < 1e-6, True)


def perf_of_few_bytes(sides: Sides):
    check_perf(sides, ((0, 0), (1, 1), (1, 0), (0, 1), (70000, 70000)))


def perf_of_8_MiB(sides: Sides):
    check_perf(sides, ((PERF_BYTES, 0), (0, PERF_BYTES), (PERF_BYTES, PERF_BYTES)))


def publish_all(one: Peer, other: Peer, topic: str):
    sent = {f"{topic} {one.name} {number}".encode().hex() for number in range(GOSSIP_MESSAGES)}
    for data in sorted(sent):
        one.call("publish", topic=topic, data_hex=data)
    # It counts once, by whatever ways it came.
    got = other.wait_events(GOSSIP_MESSAGES, "message", topic=topic)
    expect("messages", {event["data_hex"] for event in got}, sent)
    expect("authors", {event["from"] for event in got}, {one.id})


def gossip(sides: Sides):
    a, b, _ = sides.connected("--gossip", "on")
    for one in (a, b):
        one.call("subscribe", topic="test")
    for one, other in both(a, b):
        one.wait_listed("topic_peers", "test", other.id)
        one.wait_listed("mesh", "test", other.id)
    for one, other in both(a, b):
        publish_all(one, other, "test")


def gossip_at_once(sides: Sides):
    """From us, with nothing waited for: neither for our own subscription to be known, nor for a mesh."""
    a, b, _ = sides.connected("--gossip", "on")
    ours, theirs = (a, b) if a.name == "starling" else (b, a)
    theirs.call("subscribe", topic="theirs first")
    ours.wait_event("identified", peer=theirs.id)
    ours.call("subscribe", topic="theirs first")
    publish_all(ours, theirs, "theirs first")
    ours.call("subscribe", topic="ours first")
    theirs.call("subscribe", topic="ours first")
    ours.wait_listed("topic_peers", "ours first", theirs.id)
    publish_all(ours, theirs, "ours first")


def mdns(sides: Sides):
    """The first finds the second, dials what it was told, and is answered."""
    a, b = sides.lan()
    found = a.wait_event("discovered", peer=b.id, timeout=MDNS_S)
    address = b.addrs[0].removesuffix(f"/p2p/{b.id}")
    expect_in("addresses", address, [each.removesuffix(f"/p2p/{b.id}") for each in found["addrs"]])
    a.call("dial", addr=b.addrs[0])
    a.call("ping", peer=b.id, count=1)


class Case(NamedTuple):
    title: str
    run: Callable[[Sides], None]


def plain(run) -> Case:
    return Case(run.__name__.replace("_", " "), run)


def of_stack(stack: Stack) -> Case:
    return Case(f"over {stack}", lambda sides: whole_stack(sides, stack))


def of_muxer(title: str, dialer: str, listener: str, stack: Stack) -> Case:
    return Case(f"{title}, {stack.security}", lambda sides: check_muxer(sides, dialer, listener, stack))


def of_key(key: str, stack: Stack) -> Case:
    return Case(f"key {key} over {stack}", lambda sides: check_key(sides, key, stack))


CASES = (*map(of_stack, STACKS),
         *(of_muxer(title, dialer, listener, stack) for stack in (TCP, TCP_TLS) for title, dialer, listener in
           (("early muxer", "on", "on"), ("no early muxer at the dialler", "off", "on"),
            ("no early muxer at the listener", "on", "off"))),
         # Ed25519 is what all other cases have.
         *(of_key(key, stack) for key in ("secp256k1", "ecdsa", "rsa") for stack in (TCP, TCP_TLS, QUIC)),
         *map(plain, (another_peer_id_is_refused, another_network_is_refused, disconnecting, ping, streams_refused_and_taken,
                      identify, identify_push, perf_of_few_bytes, perf_of_8_MiB, gossip, gossip_at_once, mdns)))


class Impossible(NamedTuple):
    """What no cell can show: `kind` of peer, as dialler or listener (either, if not said), in the cases that have one of
    the texts (regular expressions) in their titles; against `other` alone, if said."""
    kind: str
    texts: tuple
    reason: str
    role: str = ""
    other: str = ""

    def fits(self, case: Case, dialer: str, listener: str) -> bool:
        ways = [("dialler", dialer, listener), ("listener", listener, dialer)]
        return any(re.search(text, case.title) for text in self.texts) and any(
            kind == self.kind and self.role in ("", role) and self.other in ("", other) for role, kind, other in ways)


IMPOSSIBLE = (
    Impossible("js", ("key ecdsa",), "js-libp2p has no ECDSA peer ids, its own or another's"),
    Impossible("py", ("key ecdsa",), "py-libp2p's ECDSA keys can't sign"),
    Impossible("js", ("8 MiB",), "js-libp2p writes Yamux frames as large as the window, rust-libp2p refuses those over 1 MiB",
               other="rust"),
    Impossible("js", ("tls",), "js-libp2p finds no extension of libp2p in py-libp2p's certificate", other="py"),
    Impossible("js", ("key rsa",), "js-libp2p refuses the RSA key that py-libp2p tells by identify", other="py"),
    Impossible("py", ("private", "another network"), "py-libp2p encrypts with Salsa20 and nonces of 8 bytes, not with XSalsa20"),
    Impossible("py", ("^over quic-v1",), "perf over py-libp2p's QUIC ends with a reset, against rust-libp2p as well: it half-closes"),
    Impossible("py", ("quic-v1",), "py-libp2p's QUIC opens one stream to rust-libp2p, and fails to open the next", other="rust"),
    Impossible("py", ("gossip", "mdns"), "the py peer has neither"),
    Impossible("go", ("mdns",), "go finds only peers whose answer has an address record, and js sends none", "dialler", "js"),
    Impossible("go", ("mdns",), "go finds only peers whose answer has an address record, and rust sends none", "dialler", "rust"),
)


def why_impossible(case: Case, dialer: str, listener: str):
    """The reason, or None."""
    if case.run is gossip_at_once and "starling" not in (dialer, listener):
        return "it is about Starling"
    return next((entry.reason for entry in IMPOSSIBLE if entry.fits(case, dialer, listener)), None)
