"""What is done with single streams: perf, ping, try_stream, and the messages of identify."""

import secrets
import struct
import time

import trio
from libp2p.identity.identify.pb.identify_pb2 import Identify
from libp2p.network.stream.exceptions import StreamEOF, StreamReset

BLOCK = bytes(64 << 10)
PING_BYTES = 32
MAX_IDENTIFY_BYTES = 64 << 10
# How long try_stream listens for what the other side says on its own, and how much of it is shown.
TRY_STREAM_WAIT_S = 2
TRY_STREAM_MAX_BYTES = 64 << 10


async def read_some(stream, most: int = len(BLOCK)) -> bytes:
    """What came, or nothing at the end."""
    try:
        return await stream.read(most) or b""
    except StreamEOF:
        return b""


async def send_zeros(stream, size: int):
    while size > 0:
        piece = min(size, len(BLOCK))
        await stream.write(BLOCK[:piece])
        size -= piece


async def drain(stream) -> int:
    total = 0
    while got := await read_some(stream):
        total += len(got)
    return total


async def serve_perf(stream):
    """Reads the size of the answer and everything after it, and answers only after the end."""
    request = b""
    while len(request) < 8:
        if not (got := await read_some(stream, 8 - len(request))):
            await stream.reset()
            return
        request += got
    await drain(stream)
    await send_zeros(stream, struct.unpack(">Q", request)[0])
    await stream.close_write()


async def perf(stream, upload: int, download: int) -> dict:
    start = time.monotonic()
    await stream.write(struct.pack(">Q", download))
    await send_zeros(stream, upload)
    await stream.close_write()
    # The first byte of the answer, or its end, tells that the other side has read all of ours.
    got = len(await read_some(stream))
    uploaded = time.monotonic()
    if got:
        got += await drain(stream)
    end = time.monotonic()
    if got != download:
        raise ValueError(f"{got} bytes came, {download} were asked for")
    return {"upload_s": uploaded - start, "download_s": end - uploaded, "total_s": end - start}


async def ping(stream, count: int) -> dict:
    """By hand, since the library counts in whole milliseconds."""
    rtts = []
    for _ in range(max(count, 1)):
        sent = secrets.token_bytes(PING_BYTES)
        start = time.monotonic()
        await stream.write(sent)
        echo = b""
        while len(echo) < PING_BYTES and (got := await read_some(stream, PING_BYTES - len(echo))):
            echo += got
        if echo != sent:
            raise ValueError("the answer to a ping isn't its echo")
        rtts.append((time.monotonic() - start) * 1000)
    await stream.close()
    return {"rtt_ms": rtts}


async def listen_to(stream) -> dict:
    heard, end = b"", "open"
    with trio.move_on_after(TRY_STREAM_WAIT_S):
        while len(heard) < TRY_STREAM_MAX_BYTES:
            try:
                got = await read_some(stream, TRY_STREAM_MAX_BYTES - len(heard))
            except StreamReset:
                end = "reset"
                break
            if not got:
                end = "eof"
                break
            heard += got
    await stream.reset()
    return {"accepted": True, "bytes_hex": heard.hex(), "bytes": len(heard), "end": end}


async def read_identify(stream) -> Identify:
    """All messages until the end, as one: go splits what is long."""
    data = b""
    while (got := await read_some(stream)) and len(data) < MAX_IDENTIFY_BYTES:
        data += got
    if not data:
        raise ValueError("identify told nothing")
    told = Identify()
    while data:
        size, used = 0, 0
        while True:
            byte = data[used]
            size |= (byte & 0x7F) << (7 * used)
            used += 1
            if byte < 0x80:
                break
        if used + size > len(data):
            raise ValueError("identify ended in the midst of a message")
        told.MergeFromString(data[used:used + size])
        data = data[used + size:]
    return told
