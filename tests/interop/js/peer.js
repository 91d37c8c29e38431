import { EventEmitter, once } from 'node:events'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { mdns } from '@libp2p/mdns'
import { peerIdFromString } from '@libp2p/peer-id'
import { ping } from '@libp2p/ping'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { GossipTeller } from './gossip.js'
import { measurePerf, PERF_PROTOCOL, servePerf } from './perf.js'
import { tryStream } from './streams.js'
import { transportConfig } from './transports.js'

// js-libp2p has ECDSA keys, but no peer ids of them: neither its own nor another's.
const KEYS = {
  ed25519: ['Ed25519'],
  secp256k1: ['secp256k1'],
  rsa: ['RSA', 2048]
}

const texts = (list) => list.map((item) => item.toString())

export class Peer {
  static async start (options, emit) {
    const peer = new Peer(emit)
    await peer.#start(options)
    return peer
  }

  #emit
  #transport
  #node
  #gossip
  #settledEarly = new Map() // "direction peer" of the last handshake -> whether it settled the muxer
  #identities = new Map() // peer -> what identify told last, while connected
  #identifications = new EventEmitter().setMaxListeners(0) // emits the peer
  #spans = new Map() // peer -> { opened, closed } of the last connection
  #asked = new WeakSet() // results of our own asking; any other came by a push

  constructor (emit) {
    this.#emit = emit
  }

  get id () {
    return this.#node.peerId.toString()
  }

  addrs () {
    return texts(this.#node.getMultiaddrs()).sort()
  }

  async #start (options) {
    this.#transport = options.transport
    if (options.muxer !== 'yamux') {
      throw new Error(`--muxer ${options.muxer}: only yamux`)
    }
    if (KEYS[options.key] == null) {
      throw new Error(`--key ${options.key}: one of ${Object.keys(KEYS)}`)
    }
    this.#node = await createLibp2p({
      start: false,
      privateKey: await generateKeyPair(...KEYS[options.key]),
      addresses: { listen: options.listen },
      ...transportConfig(options, this.#settledEarly),
      streamMuxers: [yamux()],
      peerDiscovery: options.mdns ? [mdns()] : [],
      nodeInfo: { userAgent: 'starling-interop-js' },
      // Benchmarks open thousands of connections from one address.
      connectionManager: { maxConnections: 100_000, inboundConnectionThreshold: 100_000, maxIncomingPendingConnections: 100_000 },
      // It pings each connection now and then, and js opens one ping stream at a time: ours would be refused.
      connectionMonitor: { enabled: false },
      services: {
        // We ask by ourselves on each new connection: so a result that we didn't ask for was pushed.
        identify: identify({ runOnConnectionOpen: false }),
        identifyPush: identifyPush(),
        ping: ping(),
        ...(options.gossip ? { pubsub: gossipsub({ globalSignaturePolicy: 'StrictSign' }) } : {})
      }
    })
    this.#listen()
    if (options.gossip) {
      this.#gossip = new GossipTeller(this.#node.services.pubsub, this.#emit)
    }
    await this.#node.handle(PERF_PROTOCOL, servePerf, { maxInboundStreams: 1024, maxOutboundStreams: 1024 })
    await this.#node.start()
  }

  #listen () {
    const node = this.#node
    node.addEventListener('connection:open', ({ detail: connection }) => {
      const peer = connection.remotePeer.toString()
      this.#spans.set(peer, { opened: performance.now() })
      this.#ask(connection)
    })
    node.addEventListener('connection:close', ({ detail: connection }) => {
      const peer = connection.remotePeer.toString()
      if (node.getConnections(connection.remotePeer).every((other) => other.id === connection.id)) {
        this.#spans.set(peer, { ...this.#spans.get(peer), closed: performance.now() })
      }
    })
    node.addEventListener('peer:connect', ({ detail: id }) => {
      const [connection] = node.getConnections(id)
      this.#emit('connected', { peer: id.toString(), direction: connection?.direction, ...this.#describe(connection) })
    })
    node.addEventListener('peer:disconnect', ({ detail: id }) => {
      this.#identities.delete(id.toString())
      this.#emit('disconnected', { peer: id.toString() })
    })
    node.addEventListener('peer:discovery', ({ detail: info }) => {
      this.#emit('discovered', { peer: info.id.toString(), addrs: texts(info.multiaddrs) })
    })
    node.addEventListener('peer:identify', ({ detail: result }) => {
      // The event comes before the call that asked returns its result.
      setImmediate(() => this.#identified(result, !this.#asked.has(result)))
    })
  }

  async #ask (connection) {
    try {
      this.#asked.add(await this.#node.services.identify.identify(connection))
    } catch (err) {
      this.#emit('identify_failed', { peer: connection.remotePeer.toString(), error: `${err.name}: ${err.message}` })
    }
  }

  #identified (result, pushed) {
    const peer = result.peerId.toString()
    const told = {
      protocols: result.protocols,
      agent: result.agentVersion ?? '',
      protocol_version: result.protocolVersion ?? '',
      listen_addrs: texts(result.listenAddrs),
      observed_addr: result.observedAddr?.toString() ?? '',
      signed_record: result.signedPeerRecord != null,
      pushed
    }
    this.#identities.set(peer, told)
    this.#identifications.emit(peer)
    this.#emit('identified', { peer, ...told })
  }

  #describe (connection) {
    if (connection == null) {
      return {}
    }
    if (this.#transport === 'quic-v1') {
      return { muxer: '', security: '', early_muxer: null }
    }
    return {
      muxer: connection.multiplexer,
      security: connection.encryption,
      early_muxer: this.#settledEarly.get(`${connection.direction} ${connection.remotePeer}`) ?? null
    }
  }

  async stop () {
    this.#gossip?.stop()
    await this.#node.stop()
  }

  async run (request, signal) {
    const command = COMMANDS[request.cmd]
    if (command == null) {
      throw new Error(`"${request.cmd}": no such command`)
    }
    return await command.call(this, request, signal)
  }

  /** Answers once the connection is secured and multiplexed; identify goes on by itself. */
  async dial ({ addr }, signal) {
    const connection = await this.#node.dial(multiaddr(addr), { signal })
    return { peer: connection.remotePeer.toString(), ...this.#describe(connection) }
  }

  async ping ({ peer, count = 1 }, signal) {
    const rtts = []
    while (rtts.length < count) {
      rtts.push(await this.#node.services.ping.ping(peerIdFromString(peer), { signal }))
    }
    return { rtt_ms: rtts }
  }

  async perf ({ peer, upload = 0, download = 0 }, signal) {
    const stream = await this.#connection(peer).newStream(PERF_PROTOCOL, { signal, maxOutboundStreams: 1024 })
    return await measurePerf(stream, upload, download, signal)
  }

  async identify ({ peer }, signal) {
    if (!this.#identities.has(peer)) {
      await once(this.#identifications, peer, { signal })
    }
    return { peer, ...this.#identities.get(peer) }
  }

  async reconnect ({ addr, count, probe = false }, signal) {
    const byteMs = []
    const identifiedMs = []
    const begun = performance.now()
    for (let i = 0; i < count; i++) {
      const dialled = performance.now()
      const { remotePeer } = await this.#node.dial(multiaddr(addr), { signal })
      const peer = remotePeer.toString()
      if (probe) {
        await this.perf({ peer, upload: 1, download: 1 }, signal)
        byteMs.push(performance.now() - dialled)
        // It has gone on meanwhile.
        await this.identify({ peer }, signal)
        identifiedMs.push(performance.now() - dialled)
      }
      await this.disconnect({ peer }, signal)
    }
    return { byte_ms: byteMs, identified_ms: identifiedMs, total_s: (performance.now() - begun) / 1000 }
  }

  async streams ({ peer, count, at_once: atOnce, bytes }, signal) {
    let left = count
    const worker = async () => {
      while (left-- > 0) {
        await this.perf({ peer, upload: bytes, download: bytes }, signal)
      }
    }
    const begun = performance.now()
    await Promise.all(Array.from({ length: Math.max(atOnce, 1) }, worker))
    return { total_s: (performance.now() - begun) / 1000 }
  }

  async push ({ protocol }) {
    await this.#node.handle(protocol, async (stream) => { await stream.close() })
  }

  async subscribe ({ topic }) {
    this.#needGossip().subscribe(topic)
  }

  async publish ({ topic, data_hex: hex }) {
    await this.#needGossip().publish(topic, Buffer.from(hex, 'hex'))
  }

  async peers () {
    return { peers: texts(this.#node.getPeers()).sort() }
  }

  async protocols ({ peer }) {
    return { protocols: (await this.#node.peerStore.get(peerIdFromString(peer))).protocols }
  }

  async tryStream ({ peer, protocol, send_hex: hex = '' }, signal) {
    return await tryStream(() => this.#connection(peer), protocol, Buffer.from(hex, 'hex'), signal)
  }

  async disconnect ({ peer }, signal) {
    await this.#node.hangUp(peerIdFromString(peer), { signal })
  }

  async waitClosed ({ peer }, signal) {
    while (this.#spans.get(peer)?.closed == null) {
      await tick(signal)
    }
    const { opened, closed } = this.#spans.get(peer)
    return { closed_after_ms: Math.round(closed - opened), bytes_in: null }
  }

  async quit () {}

  #needGossip () {
    if (this.#gossip == null) {
      throw new Error('gossip is off')
    }
    return this.#gossip
  }

  #connection (peer) {
    const [connection] = this.#node.getConnections(peerIdFromString(peer))
    if (connection == null) {
      throw new Error(`not connected to ${peer}`)
    }
    return connection
  }
}

const COMMANDS = Object.fromEntries([
  ['dial', 'dial'], ['ping', 'ping'], ['perf', 'perf'], ['identify', 'identify'], ['push', 'push'],
  ['subscribe', 'subscribe'], ['publish', 'publish'], ['peers', 'peers'], ['protocols', 'protocols'],
  ['reconnect', 'reconnect'], ['streams', 'streams'],
  ['try_stream', 'tryStream'], ['disconnect', 'disconnect'], ['wait_closed', 'waitClosed'], ['quit', 'quit']
].map(([command, method]) => [command, Peer.prototype[method]]))

/** A short pause, or the signal's reason thrown. */
async function tick (signal) {
  signal.throwIfAborted()
  await new Promise((resolve) => setTimeout(resolve, 10))
}
