import { readToEnd } from './streams.js'

export const PERF_PROTOCOL = '/perf/1.0.0'
const HEADER_BYTES = 8
const block = new Uint8Array(64 << 10)

/** Reads the size of the answer and everything after it, and answers only after the end. */
export async function servePerf (stream) {
  try {
    const header = new Uint8Array(HEADER_BYTES)
    let received = 0
    await readToEnd(stream, (data) => {
      if (received < HEADER_BYTES) {
        header.set(data.subarray(0, Math.min(data.byteLength, HEADER_BYTES - received)), received)
      }
      received += data.byteLength
    })
    if (received < HEADER_BYTES) {
      throw new Error('the request ended before its size')
    }
    await sendZeros(stream, Number(new DataView(header.buffer).getBigUint64(0)))
    await stream.close()
  } catch (err) {
    process.stderr.write(`js-peer: perf server: ${err.message}\n`)
    stream.abort(err)
  }
}

export async function measurePerf (stream, upload, download, signal) {
  const abort = () => stream.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    let received = 0
    let uploaded
    const end = readToEnd(stream, (data) => {
      uploaded ??= performance.now()
      received += data.byteLength
    })
    // Sending may fail first; what `end` rejects with then tells nothing new.
    end.catch(() => {})
    const header = new Uint8Array(HEADER_BYTES)
    new DataView(header.buffer).setBigUint64(0, BigInt(download))
    const start = performance.now()
    stream.send(header)
    await sendZeros(stream, upload, signal)
    await stream.close({ signal })
    await end
    const now = performance.now()
    // The first byte of the answer, or its end, tells that the other side has read all of ours.
    uploaded ??= now
    if (received !== download) {
      throw new Error(`${received} bytes came, ${download} were asked for`)
    }
    return { upload_s: (uploaded - start) / 1000, download_s: (now - uploaded) / 1000, total_s: (now - start) / 1000 }
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function sendZeros (stream, size, signal) {
  while (size > 0) {
    const piece = block.subarray(0, Math.min(size, block.byteLength))
    size -= piece.byteLength
    if (!stream.send(piece)) {
      await stream.onDrain({ signal })
    }
  }
}
