#!/usr/bin/env python3
"""Proves the peers and their contract without Starling: go-libp2p against js-libp2p, in both directions.

A failure of Starling against one of them is worth looking at in Starling only while this is green.
"""

import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

import peers
from peers import CommandFailed, Lan, Peer, Unavailable

LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0")
PERF_BYTES = 8 << 20
GOSSIP_MESSAGES = 50
BUILDERS = {"go": peers.build_go, "js": peers.build_js}
# js-libp2p has no ECDSA peer ids, its own or another's.
KEYS = ("ed25519", "secp256k1", "rsa")


def available(make):
    """What `make()` returns. What this machine can't have skips the test, but where CI runs it fails."""
    try:
        return make()
    except Unavailable as reason:
        if os.environ.get("CI") == "true":
            raise
        raise unittest.SkipTest(str(reason)) from reason


def peer(kind: str, *flags: str, **more) -> Peer:
    return Peer(available(BUILDERS[kind]), *flags, name=kind, **more)


class Pair:
    """The cases, with `dialer` and `listener` to be named by the direction."""

    dialer: str
    listener: str

    def pair(self, *flags: str, listener_flags=None):
        a = self.enterContext(peer(self.dialer, *flags))
        b = self.enterContext(peer(self.listener, *LOOPBACK, *(flags if listener_flags is None else listener_flags)))
        return a, b

    def connected(self, *flags: str, **more):
        a, b = self.pair(*flags, **more)
        return a, b, a.call("dial", addr=b.addrs[0])

    def test_dial_tells_the_muxer_and_both_sides_say_connected(self):
        a, b, dialled = self.connected()
        self.assertEqual(dialled["peer"], b.id)
        self.assertEqual(dialled["muxer"], "/yamux/1.0.0")
        self.assertIs(dialled["early_muxer"], True)
        a.wait_event("connected", peer=b.id, direction="outbound")
        inbound = b.wait_event("connected", peer=a.id, direction="inbound")
        self.assertIs(inbound["early_muxer"], True)
        self.assertEqual(a.call("peers")["peers"], [b.id])
        a.call("disconnect", peer=b.id)
        a.wait_event("disconnected", peer=b.id)
        b.wait_event("disconnected", peer=a.id)
        self.assertGreaterEqual(b.call("wait_closed", peer=a.id)["closed_after_ms"], 0)

    def test_multistream_settles_the_muxer_where_either_side_offers_none_early(self):
        for mine, theirs in (("off", "on"), ("on", "off"), ("off", "off")):
            with self.subTest(dialer=mine, listener=theirs):
                a, b, dialled = self.connected("--early-muxer", mine, listener_flags=("--early-muxer", theirs))
                self.assertEqual(dialled["muxer"], "/yamux/1.0.0")
                self.assertIs(dialled["early_muxer"], False)
                self.assertIs(b.wait_event("connected", peer=a.id)["early_muxer"], False)
                a.call("ping", peer=b.id, count=1)

    def test_each_key_type_is_understood(self):
        for key in KEYS:
            with self.subTest(key=key):
                a, b, _ = self.connected("--key", key)
                self.assertEqual(len(a.call("ping", peer=b.id, count=1)["rtt_ms"]), 1)
                b.wait_event("identified", peer=a.id)

    def test_a_wrong_peer_id_is_refused(self):
        a, b = self.pair()
        address = b.addrs[0].rsplit("/", 1)[0]
        with self.assertRaises(CommandFailed):
            a.call("dial", addr=f"{address}/{a.id}")

    def test_ping(self):
        a, b, _ = self.connected()
        for one, other in ((a, b), (b, a)):
            rtts = one.call("ping", peer=other.id, count=5)["rtt_ms"]
            self.assertEqual(len(rtts), 5)
            self.assertTrue(all(0 <= rtt < 5000 for rtt in rtts), rtts)

    def test_perf(self):
        a, b, _ = self.connected()
        for one, other in ((a, b), (b, a)):
            for upload, download in ((PERF_BYTES, 0), (0, PERF_BYTES), (1, 1), (0, 0), (PERF_BYTES, PERF_BYTES)):
                with self.subTest(client=one.name, upload=upload, download=download):
                    took = one.call("perf", peer=other.id, upload=upload, download=download)
                    self.assertGreater(took["total_s"], 0)
                    self.assertAlmostEqual(took["upload_s"] + took["download_s"], took["total_s"], places=6)

    def test_identify_and_push(self):
        a, b, _ = self.connected()
        for one, other in ((a, b), (b, a)):
            told = one.call("identify", peer=other.id)
            self.assertEqual(told["agent"], f"starling-interop-{other.name}")
            self.assertIn("/ipfs/id/1.0.0", told["protocols"])
            self.assertIn("/perf/1.0.0", told["protocols"])
            self.assertIs(told["pushed"], False)
            self.assertIn("/ip4/127.0.0.1/tcp/", told["observed_addr"])
            self.assertEqual(sorted(one.call("protocols", peer=other.id)["protocols"]), sorted(told["protocols"]))
        # Only the listener has an address, and so a record, to tell.
        of_listener = a.call("identify", peer=b.id)
        self.assertIs(of_listener["signed_record"], True)
        self.assertEqual([f"{addr}/p2p/{b.id}" for addr in of_listener["listen_addrs"]], b.addrs)
        for one, other in ((a, b), (b, a)):
            name = f"/test/push-of-{other.name}/1"
            since = one.mark()
            other.call("push", protocol=name)
            pushed = one.wait_event("identified", since=since, peer=other.id, pushed=True)
            self.assertIn(name, pushed["protocols"])

    def test_gossip_loses_no_message(self):
        a, b, _ = self.connected("--gossip", "on")
        topic = "test"
        for one in (a, b):
            one.call("subscribe", topic=topic)
        for one, other in ((a, b), (b, a)):
            one.wait_listed("topic_peers", topic, other.id)
            one.wait_listed("mesh", topic, other.id)
        for one, other in ((a, b), (b, a)):
            sent = {f"{one.name} {number}".encode().hex() for number in range(GOSSIP_MESSAGES)}
            for data in sent:
                one.call("publish", topic=topic, data_hex=data)
            # Flooding and forwarding may bring it by two ways; it counts once.
            got = other.wait_events(GOSSIP_MESSAGES, "message", topic=topic)
            self.assertEqual({event["data_hex"] for event in got}, sent)
            self.assertEqual({event["from"] for event in got}, {one.id})
        a.call("disconnect", peer=b.id)
        for one in (a, b):
            one.wait_event("mesh", topic=topic, peers=[])
            one.wait_event("topic_peers", topic=topic, peers=[])

    def test_try_stream_tells_accepted_from_refused(self):
        a, b, _ = self.connected()
        refused = a.call("try_stream", peer=b.id, protocol="/test/nobody/1")
        self.assertIs(refused["accepted"], False)
        ping = a.call("try_stream", peer=b.id, protocol="/ipfs/ping/1.0.0", send_hex="ab" * 32)
        self.assertIs(ping["accepted"], True)
        self.assertEqual((ping["bytes_hex"], ping["end"]), ("ab" * 32, "open"))
        identify = a.call("try_stream", peer=b.id, protocol="/ipfs/id/1.0.0")
        self.assertEqual(identify["end"], "eof")
        self.assertGreater(identify["bytes"], 100)
        self.assertIn(f"starling-interop-{b.name}".encode().hex(), identify["bytes_hex"])

    def test_a_command_that_fails_is_answered(self):
        a, b, _ = self.connected()
        for cmd, args in (("nonsense", {}), ("dial", {"addr": "/ip4/127.0.0.1/tcp/1/p2p/" + b.id}), ("ping", {"peer": "x"}),
                          ("subscribe", {"topic": "t"}), ("wait_closed", {"peer": b.id, "timeout_ms": 200})):
            with self.subTest(cmd=cmd), self.assertRaises(CommandFailed):
                (b if cmd == "dial" else a).call(cmd, **args)
        a.call("ping", peer=b.id, count=1)


class GoDialsJs(Pair, unittest.TestCase):
    dialer, listener = "go", "js"

    def test_an_outsider_counts_what_it_is_sent(self):
        # Yamux's streams, and those of a transport that multiplexes by itself.
        for transport, listen in (("tcp", LOOPBACK), ("quic-v1", ("--listen", "/ip4/127.0.0.1/udp/0/quic-v1"))):
            with self.subTest(transport):
                self.check_count(self.enterContext(peer("go", "--outsider", "--transport", transport)),
                                 self.enterContext(peer("js", "--transport", transport, *listen)))

    def check_count(self, a: Peer, b: Peer):
        a.call("dial", addr=b.addrs[0])
        told = a.call("identify", peer=b.id)
        self.assertIs(a.call("try_stream", peer=b.id, protocol="/test/nobody/1")["accepted"], False)
        echoed = a.call("try_stream", peer=b.id, protocol="/ipfs/ping/1.0.0", send_hex="cd" * 32)
        self.assertEqual(echoed["bytes"], 32)
        time.sleep(0.2)  # js asks for identify on its own; what we answer isn't what is counted
        b.call("disconnect", peer=a.id)
        closed = a.call("wait_closed", peer=b.id)
        identify_bytes = sum(len(text) for text in (*told["protocols"], told["agent"]))
        self.assertGreater(closed["bytes_in"], identify_bytes + 32)
        self.assertLess(closed["bytes_in"], identify_bytes + 32 + 1000)


class JsDialsGo(Pair, unittest.TestCase):
    dialer, listener = "js", "go"


class Mdns(unittest.TestCase):
    def lan(self, *kinds: str):
        lan = available(lambda: self.enterContext(Lan(len(kinds))))
        return [self.enterContext(peer(kind, "--listen", f"/ip4/{lan.ip4(i)}/tcp/0", "--mdns", "on", prefix=lan.prefix(i)))
                for i, kind in enumerate(kinds)]

    def finds(self, one: Peer, other: Peer):
        seen = one.wait_event("discovered", peer=other.id)
        self.assertIn(other.addrs[0].removesuffix(f"/p2p/{other.id}"), seen["addrs"])
        one.call("dial", addr=other.addrs[0])
        one.call("ping", peer=other.id, count=1)

    def test_go_and_go_find_each_other(self):
        a, b = self.lan("go", "go")
        self.finds(a, b)
        self.finds(b, a)

    def test_js_and_js_find_each_other(self):
        a, b = self.lan("js", "js")
        self.finds(a, b)
        self.finds(b, a)

    def test_js_finds_go(self):
        # Not the other way: go wants an A or AAAA record in the answer, and js sends none.
        a, b = self.lan("js", "go")
        self.finds(a, b)


class GoAlone(unittest.TestCase):
    def test_each_key_type_is_understood(self):
        for key in (*KEYS, "ecdsa"):
            with self.subTest(key=key):
                a = self.enterContext(peer("go", "--key", key))
                b = self.enterContext(peer("go", "--key", key, *LOOPBACK))
                a.call("dial", addr=b.addrs[0])
                a.call("ping", peer=b.id, count=1)

    def test_its_own_tests(self):
        go = available(peers.go_command)
        subprocess.run([go, "test", "./..."], cwd=peers.HERE / "go", env=peers.go_env(), check=True, stdout=subprocess.DEVNULL)

    def test_the_congestion_control_is_set_at_both_ends(self):
        env = {"STARLING_TCP_CONGESTION": "reno"}
        a = self.enterContext(peer("go", env=env))
        b = self.enterContext(peer("go", *LOOPBACK, env=env))
        a.call("dial", addr=b.addrs[0])
        port = b.addrs[0].split("/")[4]
        told = subprocess.run(["ss", "-Htin", f"( sport = :{port} or dport = :{port} )"], capture_output=True, text=True,
                              check=True).stdout
        self.assertEqual(told.count(" reno "), 2, told)


if __name__ == "__main__":
    unittest.main(verbosity=2)
