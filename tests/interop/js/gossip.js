// The library tells no event for every change of mesh and subscribers, so both are looked at this often too.
const LOOK_MS = 100

/** Tells the driver of messages, and of each change in a topic's mesh and subscribers. */
export class GossipTeller {
  #pubsub
  #emit
  #timer
  #told = new Map() // "event topic" -> the list as last told

  constructor (pubsub, emit) {
    this.#pubsub = pubsub
    this.#emit = emit
    const look = () => this.#look()
    for (const event of ['subscription-change', 'gossipsub:graft', 'gossipsub:prune']) {
      pubsub.addEventListener(event, look)
    }
    pubsub.addEventListener('message', ({ detail: message }) => {
      emit('message', { topic: message.topic, data_hex: Buffer.from(message.data).toString('hex'), from: message.from.toString() })
    })
    this.#timer = setInterval(look, LOOK_MS)
  }

  subscribe (topic) {
    this.#pubsub.subscribe(topic)
    this.#look()
  }

  async publish (topic, data) {
    await this.#pubsub.publish(topic, data)
  }

  stop () {
    clearInterval(this.#timer)
  }

  #look () {
    for (const topic of this.#pubsub.getTopics()) {
      this.#tell('topic_peers', topic, this.#pubsub.getSubscribers(topic))
      this.#tell('mesh', topic, this.#pubsub.getMeshPeers(topic))
    }
  }

  #tell (event, topic, list) {
    const peers = list.map((peer) => peer.toString()).sort()
    const key = `${event} ${topic}`
    if (String(peers) !== (this.#told.get(key) ?? '')) {
      this.#told.set(key, String(peers))
      this.#emit(event, { topic, peers })
    }
  }
}
