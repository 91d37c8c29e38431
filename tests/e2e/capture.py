"""What crosses a namespace's wire: every frame, and the TCP streams in it."""

import socket
import struct
import threading

from network import inside

ETH_P_ALL = 3
MAX_FRAME_BYTES = 1 << 18  # segmentation offload hands over more than a wire's frame
POLL_S = 0.2


def _raw_socket(interface: str):
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 20)
    raw.bind((interface, 0))
    raw.settimeout(POLL_S)
    return raw


def _tcp_of(frame: bytes):
    """(flow, sequence number, payload) of a TCP segment over IPv4 or IPv6, else None. The flow names both ends."""
    kind = frame[12:14]
    if kind == b"\x08\x00" and frame[23] == 6:
        at, end = 14 + (frame[14] & 15) * 4, 14 + struct.unpack_from("!H", frame, 16)[0]
        ends = (socket.inet_ntop(socket.AF_INET, frame[26:30]), socket.inet_ntop(socket.AF_INET, frame[30:34]))
    elif kind == b"\x86\xdd" and frame[20] == 6:
        at, end = 54, 54 + struct.unpack_from("!H", frame, 18)[0]
        ends = (socket.inet_ntop(socket.AF_INET6, frame[22:38]), socket.inet_ntop(socket.AF_INET6, frame[38:54]))
    else:
        return None
    source, target, sequence = struct.unpack_from("!HHI", frame, at)
    payload = frame[at + (frame[at + 12] >> 4) * 4:end]
    return (ends[0], source, ends[1], target), sequence, payload


class Capture:
    """A context manager: records while it is open; `frames` are there at once and afterwards."""

    def __init__(self, namespace: str, interface: str = "eth0"):
        self.frames = []
        self._socket = inside(namespace, _raw_socket, interface)
        self._open = True
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._open = False
        self._thread.join()
        self._socket.close()

    def _read(self):
        while self._open:
            try:
                self.frames.append(self._socket.recv(MAX_FRAME_BYTES))
            except TimeoutError:
                pass

    def streams(self) -> dict:
        """Of each direction of each TCP connection what was sent, in order and once; by (address, port, address, port)."""
        segments = {}
        for frame in self.frames:
            if (found := _tcp_of(frame)) and found[2]:
                flow, sequence, payload = found
                segments.setdefault(flow, []).append((sequence, payload))
        return {flow: _in_order(parts) for flow, parts in segments.items()}


def _in_order(parts: list) -> bytes:
    first = parts[0][0]
    # Sequence numbers wrap around; what lies before the first one seen came out of order.
    offset = lambda sequence: (sequence - first + (1 << 31)) % (1 << 32) - (1 << 31)
    whole = bytearray()
    start = min(offset(sequence) for sequence, _ in parts)
    for sequence, payload in sorted(parts, key=lambda part: offset(part[0])):
        known = start + len(whole) - offset(sequence)
        whole += payload[max(known, 0):]
    return bytes(whole)
