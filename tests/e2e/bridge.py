"""A door from the host's loopback to a port inside a namespace: how a browser on the host sees a node's page."""

import contextlib
import socket
import threading

from network import inside

CHUNK_BYTES = 1 << 16


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Bridge:
    """Carries each connection to 127.0.0.1:`port` of the host to the same port of the namespace's own loopback. The number is
    the same at both ends, since the API checks the Host that a browser names. A context manager."""

    def __init__(self, namespace: str, port: int):
        self._namespace = namespace
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", port))

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        # Closing alone would leave accept() waiting.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket):
        with client, contextlib.suppress(OSError):
            with inside(self._namespace, socket.create_connection, ("127.0.0.1", self._port)) as node:
                back = threading.Thread(target=_pump, args=(node, client), daemon=True)
                back.start()
                _pump(client, node)
                back.join()


def _pump(source: socket.socket, target: socket.socket):
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK_BYTES):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
