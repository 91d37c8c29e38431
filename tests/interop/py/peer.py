"""A py-libp2p host behind the contract of ../README.md."""

import contextlib
import ssl
import time

import multiaddr
import trio
from libp2p import new_host
from libp2p.abc import INotifee
from libp2p.crypto.ed25519 import create_new_key_pair as new_ed25519
from libp2p.crypto.rsa import create_new_key_pair as new_rsa
from libp2p.crypto.secp256k1 import create_new_key_pair as new_secp256k1
from libp2p.crypto.x25519 import create_new_key_pair as new_x25519
from libp2p.custom_types import TProtocol
from libp2p.identity.identify import identify as library_identify
from libp2p.identity.identify_push.identify_push import push_identify_to_peers
from libp2p.peer.envelope import consume_envelope
from libp2p.peer.id import ID
from libp2p.peer.peerinfo import info_from_p2p_addr
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE, Transport as NoiseTransport
from libp2p.security.tls.transport import PROTOCOL_ID as TLS, TLSTransport
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX, Yamux

import streams

IDENTIFY = TProtocol("/ipfs/id/1.0.0")
IDENTIFY_PUSH = TProtocol("/ipfs/id/push/1.0.0")
PING = TProtocol("/ipfs/ping/1.0.0")
PERF = TProtocol("/perf/1.0.0")
IDENTIFY_TRIES = 3
IDENTIFY_PAUSE_S = 0.2
KEYS = {"ed25519": new_ed25519, "secp256k1": new_secp256k1, "rsa": new_rsa}

# The library has no other way to be named.
library_identify.AGENT_VERSION = "starling-interop-py"


def client_context() -> ssl.SSLContext:
    """The peers' certificates are their own word: the peer id is what is verified, by the handshake within."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def server_context(cert: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def read_psk(file: str) -> str:
    with open(file, encoding="ascii") as lines:
        kind, encoding, key = lines.read().split()
    if (kind, encoding) != ("/key/swarm/psk/1.0.0/", "/base16/"):
        raise ValueError(f"{file}: not a key of a private network in base 16")
    return key


class Peer(INotifee):
    def __init__(self, options, say_event):
        self._options, self._say = options, say_event
        self._listen = [multiaddr.Multiaddr(text) for text in options.listen]
        self._host = self._make_host()
        self._changed = trio.Condition()
        self._spans = {}  # peer: [opened, closed or None] of its last connection
        self._known = {}  # peer: what identify told last, while connected
        self._nursery = None

    def _make_host(self):
        key = KEYS[self._options.key]()
        transport = self._options.transport
        securities = {
            "noise": lambda: {NOISE: NoiseTransport(key, noise_privkey=new_x25519().private_key)},
            "tls": lambda: {TLS: TLSTransport(key)},
        }
        if transport == "quic-v1" and self._options.psk:
            raise ValueError("--psk: QUIC knows no private networks")
        wss = transport == "wss"
        return new_host(
            key_pair=key,
            muxer_opt={TProtocol(YAMUX): Yamux},
            sec_opt=securities[self._options.security](),
            listen_addrs=self._listen or None,
            enable_tcp=transport == "tcp",
            enable_websocket=transport in ("ws", "wss"),
            enable_quic=transport == "quic-v1",
            tls_client_config=client_context() if wss else None,
            tls_server_config=server_context(self._options.wss_cert, self._options.wss_key)
            if wss and self._options.wss_cert else None,
            psk=read_psk(self._options.psk) if self._options.psk else None)

    @contextlib.asynccontextmanager
    async def running(self):
        self._host.get_network().register_notifee(self)
        self._host.set_stream_handler(PERF, streams.serve_perf)
        self._host.set_stream_handler(IDENTIFY_PUSH, self._take_push)
        async with self._host.run(listen_addrs=self._listen), trio.open_nursery() as nursery:
            self._nursery = nursery
            yield
            nursery.cancel_scope.cancel()

    async def stop(self):
        for peer in list(self._connected()):
            await self._host.disconnect(peer)

    @property
    def id(self) -> str:
        return str(self._host.get_id())

    def addrs(self) -> list:
        return sorted(f"{address}/p2p/{self.id}" for address in self._host.get_transport_addrs())

    # --- what the network tells ---

    async def connected(self, network, conn):
        peer = conn.muxed_conn.peer_id
        if self._is_connected(peer):
            return
        self._spans[peer] = [time.monotonic(), None]
        self._say("connected", peer=str(peer), direction=str(conn.direction), **self._describe(conn))
        self._nursery.start_soon(self._ask, peer)
        await self._tell()

    async def disconnected(self, network, conn):
        peer = conn.muxed_conn.peer_id
        if self._host.get_network().get_connections(peer) or not self._is_connected(peer):
            return
        self._known.pop(peer, None)
        self._spans[peer][1] = time.monotonic()
        self._say("disconnected", peer=str(peer))
        await self._tell()

    async def opened_stream(self, network, stream):
        pass

    async def closed_stream(self, network, stream):
        pass

    async def listen(self, network, multiaddr):
        pass

    async def listen_close(self, network, multiaddr):
        pass

    async def _tell(self):
        async with self._changed:
            self._changed.notify_all()

    async def _wait(self, found):
        """What `found()` returns first that isn't None."""
        async with self._changed:
            while (result := found()) is None:
                await self._changed.wait()
        return result

    def _is_connected(self, peer) -> bool:
        return peer in self._spans and self._spans[peer][1] is None

    def _connected(self) -> list:
        return [peer for peer in self._spans if self._is_connected(peer)]

    def _describe(self, conn) -> dict:
        if self._options.transport == "quic-v1":
            return {"muxer": "", "security": "", "early_muxer": None}
        return {"muxer": conn.get_negotiated_muxer_protocol(), "security": conn.get_negotiated_security_protocol(),
                "early_muxer": False}

    # --- identify: the library asks too, but tells nobody ---

    async def _ask(self, peer):
        # Over QUIC the library resets one of two streams that are opened at once, and it is asking too.
        for tries_left in reversed(range(IDENTIFY_TRIES)):
            try:
                stream = await self._host.new_stream(peer, [IDENTIFY])
                await self._identified(peer, await streams.read_identify(stream), pushed=False)
                await stream.close()
                return
            except Exception as error:  # whatever the library raises is what is told
                if not self._is_connected(peer):
                    return
                if tries_left == 0:
                    self._say("identify_failed", peer=str(peer), error=f"{type(error).__name__}: {error}")
            await trio.sleep(IDENTIFY_PAUSE_S)

    async def _take_push(self, stream):
        await self._identified(stream.muxed_conn.peer_id, await streams.read_identify(stream), pushed=True)
        await stream.close()

    async def _identified(self, peer, told, pushed: bool):
        known = dict(self._known.get(peer) or {})
        # What a push leaves out is unchanged.
        known |= {"peer": str(peer), "pushed": pushed, "signed_record": self._has_record(peer, told)}
        known |= {"protocols": list(told.protocols)} if told.protocols or not pushed else {}
        known |= {"listen_addrs": self._texts(told.listen_addrs)} if told.listen_addrs or not pushed else {}
        for name, field in (("agent", "agent_version"), ("protocol_version", "protocol_version")):
            known |= {name: getattr(told, field)} if told.HasField(field) or not pushed else {}
        if told.observed_addr or not pushed:
            known["observed_addr"] = next(iter(self._texts([told.observed_addr] if told.observed_addr else [])), "")
        self._known[peer] = known
        self._say("identified", **known)
        await self._tell()

    @staticmethod
    def _texts(addresses) -> list:
        return [str(multiaddr.Multiaddr(address)) for address in addresses]

    @staticmethod
    def _has_record(peer, told) -> bool:
        if not told.signedPeerRecord:
            return False
        try:
            _, record = consume_envelope(told.signedPeerRecord, "libp2p-peer-record")
        except Exception:  # whatever the library raises, there is no valid record
            return False
        return record.peer_id == peer

    # --- commands ---

    async def run(self, request: dict):
        command = request.get("cmd")
        if command == "dial":
            return await self._dial(request["addr"])
        if command == "peers":
            return {"peers": sorted(str(peer) for peer in self._connected())}
        if command == "push":
            return await self._push(request["protocol"])
        if command == "quit":
            return {}
        if command in ("subscribe", "publish"):
            raise ValueError("gossip is off")

        peer = ID.from_base58(request["peer"])
        if command == "identify":
            return await self._wait(lambda: self._known.get(peer))
        if command == "protocols":
            return {"protocols": self._known.get(peer, {}).get("protocols", [])}
        if command == "wait_closed":
            return await self._wait_closed(peer)
        if not self._is_connected(peer):
            raise ValueError(f"not connected to {peer}")
        if command == "ping":
            return await streams.ping(await self._host.new_stream(peer, [PING]), request.get("count", 1))
        if command == "perf":
            stream = await self._host.new_stream(peer, [PERF])
            return await streams.perf(stream, request.get("upload", 0), request.get("download", 0))
        if command == "try_stream":
            return await self._try_stream(peer, request["protocol"], bytes.fromhex(request.get("send_hex", "")))
        if command == "disconnect":
            return await self._host.disconnect(peer)
        raise ValueError(f"{command}: no such command")

    async def _dial(self, address: str) -> dict:
        # The library dials /tls/ws only where no peer id follows, and the same by its other name in any case.
        info = info_from_p2p_addr(multiaddr.Multiaddr(address.replace("/tls/ws/", "/wss/")))
        await self._host.connect(info)
        conn = self._host.get_network().get_connections(info.peer_id)[0]
        return {"peer": str(info.peer_id), **self._describe(conn)}

    async def _push(self, protocol: str):
        async def handler(stream):
            await stream.close()
        self._host.set_stream_handler(TProtocol(protocol), handler)
        await push_identify_to_peers(self._host)

    async def _try_stream(self, peer, protocol: str, send: bytes) -> dict:
        try:
            stream = await self._host.new_stream(peer, [TProtocol(protocol)])
        except Exception as error:  # whatever the library raises is the reason
            end = "eof" if self._is_connected(peer) else "closed"
            return {"accepted": False, "reason": str(error), "bytes_hex": "", "bytes": 0, "end": end}
        if send:
            await stream.write(send)
        return await streams.listen_to(stream)

    async def _wait_closed(self, peer) -> dict:
        if peer not in self._spans:
            raise ValueError("was never connected")
        await self._wait(lambda: self._spans[peer][1])
        opened, closed = self._spans[peer]
        return {"closed_after_ms": round((closed - opened) * 1000), "bytes_in": None}
