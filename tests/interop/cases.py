"""The cases of run.py. Each gets the two sides, dialler and listener, raises when something is wrong, and may return a
remark for the table."""

from peers import CommandFailed, Lan, Peer

LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0")
PERF_BYTES = 8 << 20
PINGS = 5
GOSSIP_MESSAGES = 50
KEYS = ("ed25519", "secp256k1", "ecdsa", "rsa")
# js-libp2p has no ECDSA peer ids, its own or another's: it can't speak with such a peer at all.
NO_ECDSA = ("js",)
AGENT = "starling-interop-"
AGENTS = {"starling": AGENT + "cpp", "go": AGENT + "go", "js": AGENT + "js"}


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
        self._stack, self._commands = stack, commands
        self.dialer, self.listener = dialer, listener

    def start(self, kind: str, *flags: str, **more) -> Peer:
        return self._stack.enter_context(Peer(self._commands[kind], *flags, name=kind, **more))

    def pair(self, *flags: str, listener_flags=None):
        listener = self.start(self.listener, *LOOPBACK, *(flags if listener_flags is None else listener_flags))
        return self.start(self.dialer, *flags), listener

    def connected(self, *flags: str, **more):
        dialer, listener = self.pair(*flags, **more)
        return dialer, listener, dialer.call("dial", addr=listener.addrs[0])

    def lan(self):
        """A network of two, the peers on it looking for each other."""
        lan = self._stack.enter_context(Lan(2))
        return [self.start(kind, "--listen", f"/ip4/{lan.ip4(i)}/tcp/0", "--mdns", "on", prefix=lan.prefix(i))
                for i, kind in enumerate((self.dialer, self.listener))]


def both(a: Peer, b: Peer):
    return ((a, b), (b, a))


def check_muxer(sides: Sides, dialer_early: str, listener_early: str):
    early = dialer_early == listener_early == "on"
    a, b, dialled = sides.connected("--early-muxer", dialer_early, listener_flags=("--early-muxer", listener_early))
    told = [("dial", dialled), ("the dialler's event", a.wait_event("connected", peer=b.id, direction="outbound")),
            ("the listener's event", b.wait_event("connected", peer=a.id, direction="inbound"))]
    for what, fields in told:
        expect(f"{what}: security", fields["security"], "/noise")
        expect(f"{what}: muxer", fields["muxer"], "/yamux/1.0.0")
        expect(f"{what}: muxer settled in the handshake", fields["early_muxer"], early)
    for one, other in both(a, b):
        one.call("ping", peer=other.id, count=1)


def early_muxer(sides: Sides):
    check_muxer(sides, "on", "on")


def no_early_muxer_at_the_dialler(sides: Sides):
    check_muxer(sides, "off", "on")


def no_early_muxer_at_the_listener(sides: Sides):
    check_muxer(sides, "on", "off")


def key_types(sides: Sides):
    kinds = [key for key in KEYS if key != "ecdsa" or not {sides.dialer, sides.listener} & set(NO_ECDSA)]
    for key in kinds:
        a, b, _ = sides.connected("--key", key)
        for one, other in both(a, b):
            one.call("ping", peer=other.id, count=1)
            one.wait_event("identified", peer=other.id)
        for peer in (a, b):
            peer.stop()
    return None if len(kinds) == len(KEYS) else "js has no ecdsa"


def another_peer_id_is_refused(sides: Sides):
    a, b = sides.pair()
    address = b.addrs[0].rsplit("/", 1)[0]
    other = a.id
    try:
        a.call("dial", addr=f"{address}/{other}")
    except CommandFailed:
        return
    raise Failed("it was dialled")


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
    expect("a signed record", of_listener["signed_record"], True)
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
    found = a.wait_event("discovered", peer=b.id)
    address = b.addrs[0].removesuffix(f"/p2p/{b.id}")
    expect_in("addresses", address, [each.removesuffix(f"/p2p/{b.id}") for each in found["addrs"]])
    a.call("dial", addr=b.addrs[0])
    a.call("ping", peer=b.id, count=1)


CASES = (early_muxer, no_early_muxer_at_the_dialler, no_early_muxer_at_the_listener, key_types, another_peer_id_is_refused,
         disconnecting, ping, streams_refused_and_taken, identify, identify_push, perf_of_few_bytes, perf_of_8_MiB, gossip,
         gossip_at_once, mdns)
