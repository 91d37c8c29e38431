"""A py-libp2p peer that an interoperability test drives over its standard input and output. The contract is in
../README.md; every peer speaks the same one."""

import argparse
import json
import logging
import os
import sys
import traceback

import trio

from peer import Peer

# A command that names no time of its own is answered within this one.
DEFAULT_TIMEOUT_MS = 30_000
# Stopping is graceful for this long at most.
STOP_S = 2
INPUT_BLOCK = 64 << 10


def say(line: dict):
    print(json.dumps(line), flush=True)


def say_event(name: str, **fields):
    say({"event": name, **fields})


def options():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--listen", action="append", default=[])
    parser.add_argument("--transport", choices=("tcp", "ws", "wss", "quic-v1"), default="tcp")
    parser.add_argument("--security", choices=("noise", "tls"), default="noise")
    parser.add_argument("--muxer", choices=("yamux",), default="yamux")
    # The library never offers a muxer inside the handshake, so either is as good.
    parser.add_argument("--early-muxer", choices=("on", "off"), default="on")
    parser.add_argument("--mdns", choices=("off",), default="off")
    parser.add_argument("--gossip", choices=("off",), default="off")
    # It has no ECDSA: its keys of that name can't sign.
    parser.add_argument("--key", choices=("ed25519", "secp256k1", "rsa"), default="ed25519")
    parser.add_argument("--psk")
    parser.add_argument("--wss-cert")
    parser.add_argument("--wss-key")
    return parser.parse_args()


async def answer(peer: Peer, line: bytes, quit_scope: trio.CancelScope):
    try:
        request = json.loads(line)
    except ValueError as error:
        say({"id": None, "ok": False, "error": f"not a command: {error}"})
        return
    try:
        with trio.fail_after((request.get("timeout_ms") or DEFAULT_TIMEOUT_MS) / 1000):
            reply = await peer.run(request)
    except Exception as error:  # whatever the library raises is the answer
        traceback.print_exc()
        say({"id": request.get("id"), "ok": False, "error": f"{type(error).__name__}: {error}"})
        return
    say({"id": request.get("id"), "ok": True, **(reply or {})})
    if request.get("cmd") == "quit":
        quit_scope.cancel()


async def read_commands(peer: Peer):
    async with trio.open_nursery() as nursery:
        waiting = bytearray()
        stdin = trio.lowlevel.FdStream(sys.stdin.fileno())
        while block := await stdin.receive_some(INPUT_BLOCK):
            *lines, waiting = (waiting + block).split(b"\n")
            for line in lines:
                # Not one by one: wait_closed goes on beside try_stream.
                nursery.start_soon(answer, peer, bytes(line), nursery.cancel_scope)
        nursery.cancel_scope.cancel()


async def live():
    peer = Peer(options(), say_event)
    async with peer.running():
        say_event("ready", peer=peer.id, addrs=peer.addrs())
        await read_commands(peer)
        with trio.move_on_after(STOP_S):
            await peer.stop()
        # The library takes seconds to take itself apart, which nobody waits for.
        os._exit(0)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    try:
        trio.run(live)
    except BaseException:
        # Once the driver has gone, what the library makes of its end concerns nobody.
        traceback.print_exc(limit=8)
        sys.exit(1)
