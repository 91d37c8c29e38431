// How long try_stream listens for what the other side says on its own, and how much of it is shown.
const TRY_STREAM_MS = 2_000
const TRY_STREAM_MAX_BYTES = 64 << 10

/**
 * Calls `onData` with each piece until the other side has closed its end. Rejects if the stream is reset or
 * its connection lost before. Attach it before anything is sent, or a quick answer's end may pass unseen.
 */
export function readToEnd (stream, onData) {
  return new Promise((resolve, reject) => {
    const done = () => {
      if (stream.status === 'reset' || stream.status === 'aborted') {
        reject(new Error(`the stream was ${stream.status}`))
      } else {
        resolve()
      }
    }
    stream.addEventListener('message', ({ data }) => onData(data))
    stream.addEventListener('end', done, { once: true })
    stream.addEventListener('close', ({ error }) => error == null ? done() : reject(error), { once: true })
    if (stream.readableEnded) {
      done()
    }
  })
}

/** Negotiates to the end before it sends anything (js-libp2p always does), then listens for a while. */
export async function tryStream (connection, protocol, send, signal) {
  let stream
  try {
    stream = await connection().newStream(protocol, { signal, maxOutboundStreams: 1024 })
  } catch (err) {
    signal.throwIfAborted()
    return { accepted: false, reason: `${err.name}: ${err.message}`, bytes_hex: '', bytes: 0, end: refusal(err) }
  }
  const pieces = []
  let size = 0
  const ended = readToEnd(stream, (data) => {
    if (size < TRY_STREAM_MAX_BYTES) {
      const piece = data.subarray(0, Math.min(data.byteLength, TRY_STREAM_MAX_BYTES - size))
      pieces.push(piece)
      size += piece.byteLength
    }
  }).then(() => 'eof', (err) => stream.status === 'reset' || err.name === 'StreamResetError' ? 'reset' : 'closed')
  if (send.byteLength > 0) {
    stream.send(send)
  }
  let timer
  const silence = new Promise((resolve) => { timer = setTimeout(() => resolve('open'), TRY_STREAM_MS) })
  const end = await Promise.race([ended, silence])
  clearTimeout(timer)
  stream.abort(new Error('tried'))
  return { accepted: true, bytes_hex: Buffer.concat(pieces).toString('hex'), bytes: size, end }
}

function refusal (err) {
  switch (err.name) {
    case 'UnsupportedProtocolError': return 'eof'
    case 'StreamResetError': return 'reset'
    default: return 'closed'
  }
}
