#!/usr/bin/env python3
"""Our peer in the public test harnesses, by both of their dialects, through a Redis of the tests' own: against itself,
and against go-libp2p where that can be had. harness_test.py PEER_BINARY"""

import contextlib
import json
import os
import re
import subprocess
import sys
import unittest

import peers
from peers import Peer
from redis_stub import RedisStub

TEST_KEY = "0badcafe"
KEYS = {"test-plans": "listenerAddr", "unified": f"{TEST_KEY}_listener_multiaddr"}
WAIT_S = 30
BINARY = []


def environment(dialect: str, redis: str, dialer: bool, **changes) -> dict:
    told = {"is_dialer": str(dialer).lower(), "transport": "tcp", "security": "noise", "muxer": "yamux", "ip": "127.0.0.1",
            "redis_addr": redis, "test_timeout_seconds": "20"}
    if dialect == "unified":
        told = {"IS_DIALER": str(dialer).lower(), "TRANSPORT": "tcp", "SECURE_CHANNEL": "noise", "MUXER": "yamux",
                "LISTENER_IP": "127.0.0.1", "REDIS_ADDR": redis, "TEST_KEY": TEST_KEY, "TEST_TIMEOUT_SECONDS": "20"}
    return {"PATH": os.environ["PATH"], **told, **changes}


class Harness(unittest.TestCase):
    def ours(self, env: dict):
        process = subprocess.Popen([*BINARY, "harness"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.communicate()

    def dialled(self, dialect: str, redis: RedisStub) -> str:
        """What our dialler prints."""
        process = self.ours(environment(dialect, redis.address, dialer=True))
        out, err = process.communicate(timeout=WAIT_S)
        self.assertEqual(process.returncode, 0, err)
        return out

    def check_told(self, dialect: str, out: str):
        if dialect == "test-plans":
            self.assertEqual(out.count("\n"), 1, out)
            told = json.loads(out)
            whole, ping = told.pop("handshakePlusOneRTTMillis"), told.pop("pingRTTMilllis")
            self.assertEqual(told, {})
        else:
            found = re.fullmatch(r"latency:\n  handshake_plus_one_rtt: ([\d.]+)\n  ping_rtt: ([\d.]+)\n  unit: ms\n", out)
            self.assertTrue(found, out)
            whole, ping = map(float, found.groups())
        self.assertGreater(whole, ping)
        self.assertGreater(ping, 0)

    def test_ours_and_ours(self):
        for dialect in KEYS:
            with self.subTest(dialect=dialect), RedisStub() as redis:
                listener = self.ours(environment(dialect, redis.address, dialer=False))
                self.check_told(dialect, self.dialled(dialect, redis))
                # The listener goes on until the harness ends it.
                self.assertIsNone(listener.poll())

    def test_our_dialler_takes_a_value_as_well_as_a_list(self):
        with RedisStub() as redis:
            self.ours(environment("unified", redis.address, dialer=False))
            redis.put(KEYS["unified"], redis.wait_for(KEYS["unified"])[0])
            self.check_told("unified", self.dialled("unified", redis))

    def test_ours_and_go(self):
        try:
            go = peers.build_go()
        except peers.Unavailable as reason:
            if os.environ.get("CI") == "true":
                raise
            self.skipTest(str(reason))
        for dialect, key in KEYS.items():
            with self.subTest(dialect=dialect), RedisStub() as redis, Peer(go, "--listen", "/ip4/127.0.0.1/tcp/0") as peer:
                redis.put(key, list(peer.addrs))
                self.check_told(dialect, self.dialled(dialect, redis))
            with self.subTest(dialect=dialect), RedisStub() as redis, Peer(go) as peer:
                self.ours(environment(dialect, redis.address, dialer=False))
                dialled = peer.call("dial", addr=redis.wait_for(key)[0])
                peer.call("ping", peer=dialled["peer"], count=1)

    def test_a_listener_tells_an_address_that_others_can_dial(self):
        if os.geteuid() != 0:
            self.skipTest("network namespaces need root")
        with peers.Lan(1) as lan, contextlib.ExitStack() as stack:
            # Its loopback interface has the stub, its other one an address to tell.
            inside = [sys.executable, __file__, "--serve-one"]
            process = stack.enter_context(subprocess.Popen([*lan.prefix(0), *inside, *BINARY], stdout=subprocess.PIPE, text=True))
            out, _ = process.communicate(timeout=WAIT_S)
            self.assertIn(f"/ip4/{lan.ip4(0)}/tcp/", out)

    def refused(self, env: dict) -> str:
        process = self.ours(env)
        out, err = process.communicate(timeout=WAIT_S)
        self.assertNotEqual(process.returncode, 0)
        self.assertEqual(out, "")
        return err

    def test_what_the_environment_lacks_is_named(self):
        self.assertIn("is_dialer", self.refused({"PATH": os.environ["PATH"]}))
        with RedisStub() as redis:
            self.assertIn("muxer", self.refused(environment("test-plans", redis.address, dialer=True, muxer="mplex")))
            self.assertIn("TEST_KEY", self.refused(environment("unified", redis.address, dialer=True, TEST_KEY="")))

    def test_a_server_that_breaks_the_protocol_ends_it(self):
        for what, answer in (("redis: not a reply", b"hello\r\n"), ("redis: a size", b"$1000000000\r\n"),
                             ("redis: a reply of too many bytes", b"+" + b"a" * 100_000), ("ERR no", b"-ERR no\r\n")):
            with self.subTest(what), RedisStub({"LINDEX": answer, "GET": answer}) as redis:
                self.assertIn(what, self.refused(environment("unified", redis.address, dialer=True)))

    def test_a_test_that_is_not_over_in_time_fails(self):
        with RedisStub() as redis:
            late = environment("test-plans", redis.address, dialer=True, test_timeout_seconds="1")
            self.assertIn("in time", self.refused(late))


def serve_one(argv: list):
    """Prints what a listener of ours tells that may listen anywhere."""
    with RedisStub() as redis:
        env = environment("test-plans", redis.address, dialer=False, ip="0.0.0.0")
        with subprocess.Popen([*argv, "harness"], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
            try:
                print(redis.wait_for(KEYS["test-plans"])[0])
            finally:
                process.kill()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve-one"]:
        serve_one(sys.argv[2:])
    else:
        BINARY.append(sys.argv.pop(1))
        unittest.main(verbosity=2)
