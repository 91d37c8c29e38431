"""As much of a Redis server as the public test harnesses use, for tests on a machine that has none."""

import contextlib
import socketserver
import threading

READ_TIMEOUT_S = 60


class RedisStub:
    """Serves PING, SET, GET, DEL, RPUSH, LINDEX and BLPOP on a loopback port until it is left. `answers` maps a command
    to bytes that are sent for it instead, whatever they are."""

    def __init__(self, answers=None):
        self._answers = answers or {}
        self._values = {}
        self._changed = threading.Condition()
        self._server = None

    @property
    def address(self) -> str:
        return "127.0.0.1:%d" % self._server.server_address[1]

    def __enter__(self):
        stub = self

        class Handler(socketserver.StreamRequestHandler):
            timeout = READ_TIMEOUT_S

            def handle(self):
                with contextlib.suppress(OSError):
                    while words := self._words():
                        self.wfile.write(stub.answer(words))

            def _words(self):
                line = self.rfile.readline()
                if not line.startswith(b"*"):
                    return None
                words = []
                for _ in range(int(line[1:])):
                    size = int(self.rfile.readline()[1:])
                    words.append(self.rfile.read(size + 2)[:-2].decode())
                return words

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, key: str, timeout: float = 30):
        """What is kept under the key, once something is: a text or a list."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._values.get(key), timeout):
                raise TimeoutError(f"redis: nothing under {key} within {timeout:g} s")
            return self._values[key]

    def put(self, key: str, value):
        with self._changed:
            self._values[key] = value
            self._changed.notify_all()

    def answer(self, words: list) -> bytes:
        command, *rest = words
        if command in self._answers:
            return self._answers[command]
        with self._changed:
            done = getattr(self, "_" + command.lower(), None)
            reply = done(*rest) if done else b"-ERR unknown command\r\n"
            self._changed.notify_all()
        return reply

    # --- commands, called under the lock ---

    WRONG_TYPE = b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n"

    @staticmethod
    def _text(value) -> bytes:
        return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value.encode()), value.encode())

    def _ping(self):
        return b"+PONG\r\n"

    def _set(self, key, value):
        self._values[key] = value
        return b"+OK\r\n"

    def _get(self, key):
        value = self._values.get(key)
        return self.WRONG_TYPE if isinstance(value, list) else self._text(value)

    def _del(self, *keys):
        return b":%d\r\n" % sum(self._values.pop(key, None) is not None for key in keys)

    def _rpush(self, key, *values):
        known = self._values.setdefault(key, [])
        if not isinstance(known, list):
            return self.WRONG_TYPE
        known.extend(values)
        return b":%d\r\n" % len(known)

    def _lindex(self, key, index):
        known = self._values.get(key, [])
        if not isinstance(known, list):
            return self.WRONG_TYPE
        return self._text(known[int(index)] if int(index) < len(known) else None)

    def _blpop(self, key, timeout):
        if not self._changed.wait_for(lambda: self._values.get(key), float(timeout) or READ_TIMEOUT_S):
            return b"*-1\r\n"
        return b"*2\r\n" + self._text(key) + self._text(self._values[key].pop(0))
