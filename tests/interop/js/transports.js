import { readFileSync } from 'node:fs'
import { quic } from '@chainsafe/libp2p-quic'
import { noise } from '@libp2p/noise'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'

const SECURITIES = { noise, tls }

/** The one transport that was asked for, and what lies on and below it: members of the library's configuration. */
export function transportConfig (options, settledEarly) {
  return {
    transports: [transport(options)],
    connectionEncrypters: [watchedSecurity(options, settledEarly)],
    ...(options.psk === '' ? {} : { connectionProtector: preSharedKey({ psk: readFileSync(options.psk) }) })
  }
}

function transport (options) {
  switch (options.transport) {
    case 'tcp': return tcp()
    case 'ws': return webSockets()
    case 'wss':
      // The peers' certificates are their own word, and the library dials with the platform's WebSocket, which can be
      // told so only for the whole process: the peer id is what is verified, by the handshake within.
      process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
      return webSockets(options['wss-cert'] === ''
        ? {}
        : { https: { cert: readFileSync(options['wss-cert']), key: readFileSync(options['wss-key']) } })
    case 'quic-v1':
      if (options.psk !== '') {
        // The library would go on in the open.
        throw new Error('--psk: QUIC knows no private networks')
      }
      return quic()
    default: throw new Error(`--transport ${options.transport}: tcp, ws, wss or quic-v1`)
  }
}

/**
 * Noise or TLS that notes whether each handshake settled the muxer, which a js connection doesn't tell, and that
 * leaves the muxer out of the handshake where it is not offered.
 */
function watchedSecurity (options, settledEarly) {
  const make = SECURITIES[options.security]
  if (make == null) {
    throw new Error(`--security ${options.security}: one of ${Object.keys(SECURITIES)}`)
  }
  return (components) => {
    const inner = make()(options.earlyMuxer ? components : withoutMuxers(components))
    const watch = (direction, method) => async (stream, more) => {
      const secured = await inner[method](stream, options.earlyMuxer ? more : { ...more, skipStreamMuxerNegotiation: true })
      settledEarly.set(`${direction} ${secured.remotePeer}`, secured.streamMuxer != null)
      return secured
    }
    return {
      protocol: inner.protocol,
      secureInbound: watch('inbound', 'secureInbound'),
      secureOutbound: watch('outbound', 'secureOutbound')
    }
  }
}

/** A TLS listener takes up any muxer that it knows, whatever it is told to skip: so it is to know none. */
function withoutMuxers ({ logger, metrics, peerId, privateKey }) {
  return { logger, metrics, peerId, privateKey, upgrader: { getStreamMuxers: () => new Map() } }
}
