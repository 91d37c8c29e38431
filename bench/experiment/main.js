// The experiment that Starling grew from, built again as what it is measured against: a script beside each
// Unit that finds the others, and tells them by gossip to come and pull the configuration that its Unit runs.
import { createServer, request } from 'node:http'
import { parseArgs } from 'node:util'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const TOPIC = 'configuration'
const TIMEOUT_MS = 10_000

const { values: flags } = parseArgs({
  options: { unit: { type: 'string' }, http: { type: 'string' }, listen: { type: 'string', default: '/ip4/0.0.0.0/tcp/0' } }
})
const [, host, port] = flags.http?.match(/^\[?(.+?)\]?:(\d+)$/) ?? []
if (flags.unit == null || host == null) {
  process.stderr.write('usage: main.js --unit SOCKET --http HOST:PORT [--listen MULTIADDR]\n')
  process.exit(2)
}
const say = (event, more) => process.stdout.write(JSON.stringify({ event, ...more }) + '\n')

/** One exchange with the control socket of our Unit. */
function unit (method, body) {
  return new Promise((resolve, reject) => {
    const headers = body == null ? {} : { 'Content-Length': body.length }
    const exchange = request({ socketPath: flags.unit, path: '/config', method, headers, timeout: TIMEOUT_MS }, async (response) => {
      try {
        resolve({ status: response.statusCode, body: Buffer.concat(await response.toArray()) })
      } catch (err) {
        reject(err)
      }
    })
    exchange.on('timeout', () => exchange.destroy(new Error('Unit is silent')))
    exchange.on('error', reject)
    exchange.end(body)
  })
}

const node = await createLibp2p({
  addresses: { listen: [flags.listen] },
  transports: [tcp()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  peerDiscovery: [mdns()],
  services: { identify: identify(), pubsub: gossipsub({ allowPublishToZeroTopicPeers: true }) }
})
const { pubsub } = node.services

node.addEventListener('peer:discovery', ({ detail: { id } }) => {
  node.dial(id).catch((err) => process.stderr.write(`dialling ${id}: ${err.message}\n`))
})

// Another has a new configuration: pull it from there, and give it to our Unit.
pubsub.addEventListener('message', async ({ detail: message }) => {
  try {
    const { 'pull me': from } = JSON.parse(Buffer.from(message.data).toString())
    const pulled = await fetch(`${from}/config`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (!pulled.ok) {
      throw new Error(`${from} answers ${pulled.status}`)
    }
    const { status, body } = await unit('PUT', Buffer.from(await pulled.arrayBuffer()))
    say('applied', { from, status, answer: status === 200 ? undefined : body.toString() })
  } catch (err) {
    say('failed', { error: err.message })
  }
})
pubsub.subscribe(TOPIC)

const server = createServer(async (incoming, response) => {
  const reply = (status, body) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
  try {
    switch (`${incoming.method} ${incoming.url}`) {
      case 'GET /config': {
        const { status, body } = await unit('GET')
        return reply(status, body)
      }
      case 'POST /config': {
        const { recipients } = await pubsub.publish(TOPIC, Buffer.from(JSON.stringify({ 'pull me': address })))
        return reply(200, JSON.stringify({ success: `Told ${recipients.length}.` }))
      }
      case 'GET /peers':
        return reply(200, JSON.stringify({ connected: node.getPeers(), subscribed: pubsub.getSubscribers(TOPIC) }))
      default:
        return reply(404, JSON.stringify({ error: 'Not here.' }))
    }
  } catch (err) {
    reply(503, JSON.stringify({ error: err.message }))
  }
})
await new Promise((resolve) => server.listen(Number(port), host, resolve))
const address = `http://${flags.http.slice(0, flags.http.lastIndexOf(':'))}:${server.address().port}`
say('ready', { peer: node.peerId, addrs: node.getMultiaddrs(), http: address })

// Whoever started us has gone.
process.stdin.on('end', () => process.exit(0)).resume()
