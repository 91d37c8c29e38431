#!/usr/bin/env python3
"""What a stranger gets of a fleet: nothing; and what a join shows to whoever listens: no secret."""

import base64
import os
import re
import unittest
from concurrent.futures import ThreadPoolExecutor

import support
from capture import Capture
from fleet import JOIN_TIMEOUT_S, Fleet, base58, read_token
from network import check_namespaces, peers

from cases import QUIC, SUFFIXES, TCP, TCP_TLS, Stack, stack_flags  # of the interop tests, found as peers is

# What a stranger may come over: the gate is above them all.
STACKS = (TCP, TCP_TLS, QUIC, Stack("ws", "noise"))
NODES = ("n1", "n2", "n3")
JOIN = "/starling/join/1.0.0"
# Whatever a node speaks with members, and something that nobody speaks.
PROTOCOLS = ("/ipfs/id/1.0.0", "/ipfs/id/push/1.0.0", "/ipfs/ping/1.0.0", "/perf/1.0.0", "/meshsub/1.1.0", "/meshsub/1.0.0",
             "/floodsub/1.0.0", "/starling/sync/1.0.0", "/http/1.1", "/nobody/speaks/this")
CONNECTION_MOST_MS = 10_000
MARGIN_MS = 1_000  # of measuring, by a peer on a busy machine


def go_peer() -> list:
    try:
        return peers.build_go()
    except peers.Unavailable as reason:
        support.skip("go-libp2p", str(reason))


class Outsider(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # init's two tokens are used up by the second and the third node: no invite is live.
        # A stranger for each stack has a place of its own: a node takes only so many connections from one address.
        transports = dict.fromkeys(stack.transport for stack in STACKS)
        cls.fleet = cls.enterClassContext(Fleet(NODES, data_plane="none", followers=1, spare=len(STACKS),
                                                listen=[f"/ip4/0.0.0.0{SUFFIXES[transport]}" for transport in transports]))

    def stranger(self, stack: Stack):
        place = len(NODES) + STACKS.index(stack)
        return peers.Peer(go_peer(), "--outsider", *stack_flags(stack), name=f"go over {stack}",
                          prefix=self.fleet.lan.prefix(place))

    def address(self, node, stack: Stack) -> str:
        """Where the stranger reaches the node: a listening address as `ready` tells it, on the node's interface."""
        before, after = SUFFIXES[stack.transport].split("0")
        for address in node.addrs:
            if found := re.fullmatch(rf"/ip4/[^/]+({before}\d+{after})(/p2p/.*)?", address):
                return f"/ip4/{node.ip4}{found.group(1)}/p2p/{node.peer}"
        raise AssertionError(f"{node.name} doesn't listen for {stack} over IPv4: {node.addrs}")

    def test_a_stranger_gets_nothing_without_and_with_a_live_invite(self):
        with self.subTest("without a live invite"):
            self.assert_refused_everywhere()
        self.fleet.invite("operator", "--uses", "5")
        self.fleet.invite("node", "--uses", "5")
        with self.subTest("with two live invites"):
            self.assert_refused_everywhere()

    def assert_refused_everywhere(self):
        """At each node, over each stack, a connection that tries everything at once, one that tries the join stream, and
        one that says nothing; all side by side, since each may last for ten seconds."""
        attempts = [(node, stack, protocols, send) for node in self.fleet.nodes for stack in STACKS
                    for protocols, send in ((PROTOCOLS, b""), ((JOIN,), b"\x05hello"), ((), b""))]
        with ThreadPoolExecutor(len(attempts)) as pool:
            outcomes = pool.map(lambda one: self.attempt(*one), attempts)
            for (node, stack, protocols, _), (answers, closed) in zip(attempts, outcomes):
                with self.subTest(node.name, stack=str(stack), protocols=protocols):
                    for protocol, answer in answers.items():
                        if protocol != JOIN:
                            self.assertFalse(answer["accepted"], f"{protocol}: {answer}")
                        self.assertEqual(answer["bytes"], 0, f"{protocol}: {answer}")
                    self.assertLessEqual(closed["closed_after_ms"], CONNECTION_MOST_MS + MARGIN_MS)
                    self.assertEqual(closed["bytes_in"], 0)

    def attempt(self, node, stack: Stack, protocols, send: bytes):
        """What became of each protocol, and of the connection."""
        with self.stranger(stack) as peer:
            peer.call("dial", addr=self.address(node, stack))
            answers = self.try_streams(peer, node, protocols, send)
            closed = peer.call("wait_closed", peer=node.peer, timeout_ms=10 * CONNECTION_MOST_MS)
            told = [event for event in peer.events if event["event"] in ("identified", "message")]
            assert not told, told
            return answers, closed

    @staticmethod
    def try_streams(peer, node, protocols, send: bytes) -> dict:
        """Side by side, since the connection may end with the first that is refused."""
        def try_one(protocol: str) -> dict:
            try:
                return peer.call("try_stream", peer=node.peer, protocol=protocol, send_hex=send.hex())
            except peers.CommandFailed as error:
                return {"accepted": False, "bytes": 0, "reason": str(error)}

        with ThreadPoolExecutor(max(1, len(protocols))) as pool:
            return dict(zip(protocols, pool.map(try_one, protocols)))

    def test_the_join_stream_is_open_to_a_stranger(self):
        """Else the tests above would pass against a node that nobody can join."""
        for stack in STACKS:
            with self.subTest(stack=str(stack)), self.stranger(stack) as peer:
                peer.call("dial", addr=self.address(self.fleet[0], stack))
                answer = peer.call("try_stream", peer=self.fleet[0].peer, protocol=JOIN, send_hex="")
                self.assertTrue(answer["accepted"], answer)


class Eavesdropper(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Over TCP, where a captured connection shows in the clear that it is one.
        cls.fleet = cls.enterClassContext(Fleet(NODES[:2], data_plane="none", spare=1, listen=("/ip4/0.0.0.0/tcp/0",)))
        cls.joiner_at = 2

    def test_a_join_on_the_wire_holds_no_form_of_the_tokens_key(self):
        token_text = self.fleet.invite("node")
        token = read_token(token_text)
        joiner = self.fleet.add_node("late", self.joiner_at)
        self.addCleanup(self.fleet.nodes.remove, joiner)
        with Capture(self.fleet.lan.names[self.joiner_at]) as capture:
            joiner.starling("join", token_text, *self.fleet.node_flags(joiner))
            joiner.start()
            joiner.wait_ready()
            joiner.wait_joined()
            self.fleet.wait_together(JOIN_TIMEOUT_S)
        joiner.terminate()
        wire = [*capture.frames, *capture.streams().values()]
        self.assert_join_was_seen(wire, token_text)
        self.assertFalse(os.path.exists(joiner.state / "join.token"), "the token is erased once admitted")
        forms = {"bytes": token.seed, "hex": token.seed.hex().encode(), "HEX": token.seed.hex().upper().encode(),
                 "base58": base58(token.seed).encode(), "base64": base64.b64encode(token.seed)[:42],
                 "base64url": base64.urlsafe_b64encode(token.seed)[:42], "the token": token_text.encode()}
        # In base32 a key looks differently by where in a text its first bit falls.
        for shift in range(5):
            text = base64.b32encode(bytes(shift) + token.seed).decode().rstrip("=")
            whole = text[-(-shift * 8 // 5):-1]
            forms[f"base32 after {shift} bytes"] = whole.lower().encode()
            forms[f"BASE32 after {shift} bytes"] = whole.encode()
        for name, form in forms.items():
            self.assertFalse(any(form in data for data in wire), f"the key is on the wire as {name}")

    def assert_join_was_seen(self, wire: list, token_text: str):
        """What is looked for must be findable: the capture is whole, and the token's own text holds one of the forms."""
        self.assertTrue(any(b"/multistream/1.0.0" in data and b"/noise" in data for data in wire), "no connection was captured")
        self.assertTrue(any(b"_p2p" in data for data in wire), "no mDNS was captured")
        seed = read_token(token_text).seed
        shifts = (base64.b32encode(bytes(shift) + seed).decode()[-(-shift * 8 // 5):-8].lower() for shift in range(5))
        self.assertTrue(any(part in token_text for part in shifts))


if __name__ == "__main__":
    support.main(check_namespaces)
