#!/usr/bin/env python3
"""An Ethernet switch that takes its time: each frame between its ports arrives so much later, or not at all.

The kernel has no netem everywhere, so this stands in its place. A port is the TAP device `eth0` of a network namespace.
It prints `ready` once all are open, and ends with its standard input."""

import argparse
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import sys
import time

from network import inside

TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000
FRAME_BYTES = 2048
# A port is read so often in a row, so that one that never falls silent can't starve the others.
FRAMES_AT_ONCE = 64
# What is under way at a time; more is lost, as in any full queue.
MOST_UNDER_WAY = 50_000


def open_port(namespace: str) -> int:
    def attach() -> int:
        port = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(port, TUNSETIFF, struct.pack("16sH22x", b"eth0", IFF_TAP | IFF_NO_PI))
        return port

    return inside(namespace, attach)


class Switch:
    def __init__(self, ports: list, one_way_s: float, loss: float, seed: int):
        self._ports = ports
        self._one_way_s = one_way_s
        self._loss = loss
        self._dice = random.Random(seed)
        self._number = itertools.count()
        self._under_way = []  # (when it arrives, number, port it came by, frame): a heap
        self._port_of = {}  # by source address

    def run(self):
        poller = select.epoll()
        for port in self._ports:
            poller.register(port, select.EPOLLIN)
        poller.register(sys.stdin.fileno(), select.EPOLLIN | select.EPOLLHUP)
        print("ready", flush=True)
        while True:
            wait = max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else -1
            for port, _ in poller.poll(wait):
                if port == sys.stdin.fileno():
                    return
                self._take(port)
            self._deliver()

    def _take(self, port: int):
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = os.read(port, FRAME_BYTES)
            except BlockingIOError:
                return
            self._port_of[frame[6:12]] = port
            if self._dice.random() >= self._loss and len(self._under_way) < MOST_UNDER_WAY:
                heapq.heappush(self._under_way, (time.monotonic() + self._one_way_s, next(self._number), port, frame))

    def _deliver(self):
        while self._under_way and self._under_way[0][0] <= time.monotonic():
            _, _, source, frame = heapq.heappop(self._under_way)
            known = None if frame[0] & 1 else self._port_of.get(frame[:6])  # the lowest bit: to several
            for port in self._ports if known is None else [known]:
                if port != source:
                    try:
                        os.write(port, frame)
                    except OSError:
                        pass  # that port's queue is full, or it is down: lost


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one-way-ms", type=float, required=True)
    parser.add_argument("--loss", type=float, required=True, help="the share of frames that never arrive")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("namespaces", nargs="+")
    arguments = parser.parse_args()
    ports = [open_port(namespace) for namespace in arguments.namespaces]
    Switch(ports, arguments.one_way_ms / 1000, arguments.loss, arguments.seed).run()


if __name__ == "__main__":
    main()
