#!/usr/bin/env python3
"""Stands between a node and its Unit and notes when Unit runs which change: recorder.py NODE LISTEN TARGET.

Bytes pass unchanged. Unit answers a PUT when it runs the configuration: for each such answer of 200 to a PUT with a mark
in it, one line goes to standard output: node, number of the mark, CLOCK_MONOTONIC in seconds.
"""

import os
import re
import select
import socket
import sys
import threading
import time

MARK = re.compile(rb"/mark-(\d+)")
BLOCK = 1 << 16


class Recorder:
    def __init__(self, node: str, target: str):
        self._node, self._target = node, target

    def relay(self, node_side: socket.socket):
        with node_side, socket.socket(socket.AF_UNIX) as unit_side:
            try:
                unit_side.connect(self._target)
                self._pass_on(node_side, unit_side)
            except OSError as error:
                print(f"recorder of {self._node}: {error}", file=sys.stderr)

    def _pass_on(self, node_side: socket.socket, unit_side: socket.socket):
        asked = b""
        while True:
            for ready in select.select([node_side, unit_side], [], [])[0]:
                data = ready.recv(BLOCK)
                if not data:
                    return
                if ready is node_side:
                    asked += data
                    unit_side.sendall(data)
                    continue
                if asked:
                    self._note(asked, data)
                    asked = b""
                node_side.sendall(data)

    def _note(self, asked: bytes, answer: bytes):
        now = time.monotonic()
        if asked.startswith(b"PUT ") and b" 200 " in answer.split(b"\r\n", 1)[0] and (mark := MARK.search(asked)):
            # Shorter than PIPE_BUF, so lines of several recorders on one pipe don't mix.
            os.write(sys.stdout.fileno(), f"{self._node} {mark[1].decode()} {now:.6f}\n".encode())


def main():
    node, listen, target = sys.argv[1:]
    recorder = Recorder(node, target)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(listen)
        listener.listen()
        while True:
            threading.Thread(target=recorder.relay, args=(listener.accept()[0],), daemon=True).start()


if __name__ == "__main__":
    main()
