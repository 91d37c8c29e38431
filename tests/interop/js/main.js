// A js-libp2p peer that an interoperability test drives over its standard input
// and output. The contract is in ../README.md; every peer speaks the same one.
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { Peer } from './peer.js'

// A command that names no time of its own is answered within this one.
const DEFAULT_TIMEOUT_MS = 30_000

// Stopping is graceful for this long at most.
const STOP_MS = 2_000

const line = (object) => process.stdout.write(JSON.stringify(object) + '\n')
const emit = (event, fields) => line({ event, ...fields })

function fatal (message) {
  process.stderr.write(`js-peer: ${message}\n`)
  process.exit(1)
}

function onOff (name, value) {
  if (value !== 'on' && value !== 'off') {
    fatal(`--${name}: on or off`)
  }
  return value === 'on'
}

function options () {
  const { values } = parseArgs({
    options: {
      listen: { type: 'string', multiple: true, default: [] },
      transport: { type: 'string', default: 'tcp' },
      security: { type: 'string', default: 'noise' },
      muxer: { type: 'string', default: 'yamux' },
      'early-muxer': { type: 'string', default: 'on' },
      mdns: { type: 'string', default: 'off' },
      gossip: { type: 'string', default: 'off' },
      key: { type: 'string', default: 'ed25519' },
      psk: { type: 'string', default: '' },
      'wss-cert': { type: 'string', default: '' },
      'wss-key': { type: 'string', default: '' }
    }
  })
  return {
    ...values,
    earlyMuxer: onOff('early-muxer', values['early-muxer']),
    mdns: onOff('mdns', values.mdns),
    gossip: onOff('gossip', values.gossip)
  }
}

/** Settles with `promise`, or rejects when the signal fires, whatever a library does with the signal. */
async function within (promise, signal) {
  let stop
  const late = new Promise((resolve, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function answer (peer, text) {
  let request
  try {
    request = JSON.parse(text)
  } catch (err) {
    line({ id: null, ok: false, error: `not a command: ${err.message}` })
    return
  }
  const signal = AbortSignal.timeout(request.timeout_ms > 0 ? request.timeout_ms : DEFAULT_TIMEOUT_MS)
  try {
    line({ id: request.id, ok: true, ...await within(peer.run(request, signal), signal) })
  } catch (err) {
    line({ id: request.id, ok: false, error: `${err.name}: ${err.message}` })
    return
  }
  if (request.cmd === 'quit') {
    await quit(peer)
  }
}

async function quit (peer) {
  setTimeout(() => process.exit(0), STOP_MS).unref()
  await peer.stop()
  process.exit(0)
}

try {
  const peer = await Peer.start(options(), emit)
  emit('ready', { peer: peer.id, addrs: peer.addrs() })
  const input = createInterface({ input: process.stdin, crlfDelay: Infinity })
  // Not awaited one by one: wait_closed goes on beside try_stream.
  input.on('line', (text) => { answer(peer, text) })
  input.on('close', () => { quit(peer) })
} catch (err) {
  fatal(err.stack ?? err)
}
