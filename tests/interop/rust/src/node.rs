//! A host: its swarm runs in one task, which takes in what is to be done with it and keeps what it has seen.

use crate::{
    Failure,
    options::{Kind, Options, Security},
    say_event,
    streams::{self, Answer, fields},
    transport,
};
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm,
    core::ConnectedPoint,
    gossipsub, identify, mdns,
    multiaddr::Protocol,
    ping,
    swarm::{
        self, ConnectionId, NetworkBehaviour, SwarmEvent,
        behaviour::toggle::Toggle,
        dial_opts::{DialOpts, PeerCondition},
    },
};
use libp2p_stream::{Control, IncomingStreams};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};
use tokio::sync::{Notify, broadcast, mpsc};

// No event tells of every change of mesh and subscribers, so both are looked at this often.
const LOOK_EVERY: Duration = Duration::from_millis(100);
// The driver says when a connection ends.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3600);
const MAX_MESSAGE_BYTES: usize = 1 << 20;

#[derive(NetworkBehaviour)]
struct Behaviour {
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    stream: libp2p_stream::Behaviour,
    gossip: Toggle<gossipsub::Behaviour>,
    mdns: Toggle<mdns::tokio::Behaviour>,
}

type Work = Box<dyn FnOnce(&mut Swarm<Behaviour>) + Send>;

/// One connection's life: wait_closed also answers for one that has ended already.
struct Span {
    opened: Instant,
    closed: Option<Instant>,
}

#[derive(Default)]
struct State {
    addrs: Vec<Multiaddr>,
    refused: Option<String>, // why a listener isn't one
    dials: HashMap<ConnectionId, Result<(), String>>,
    spans: HashMap<PeerId, Span>,
    identities: HashMap<PeerId, Value>, // of those connected
}

struct Shared {
    state: Mutex<State>,
    changed: Notify,
    pings: broadcast::Sender<(PeerId, Result<Duration, String>)>,
    connection: Value, // the members that tell how any connection is secured and multiplexed
}

pub struct Node {
    peer: PeerId,
    shared: Arc<Shared>,
    work: mpsc::UnboundedSender<Work>,
    control: Control,
    gossip: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread dies with the lock")
    }

    fn change(&self, with: impl FnOnce(&mut State)) {
        with(&mut self.state());
        self.changed.notify_waiters();
    }

    /// What `found` returns first that isn't none.
    async fn wait<T>(&self, mut found: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let changed = self.changed.notified();
            if let Some(result) = found(&mut self.state()) {
                return result;
            }
            changed.await;
        }
    }
}

impl Node {
    /// Returns once every listener listens, and has said so.
    pub async fn start(options: Options) -> Result<Node, Failure> {
        let peer = options.key.public().to_peer_id();
        let mut swarm = Swarm::new(
            transport::build(&options)?,
            behaviour(&options, peer)?,
            peer,
            swarm::Config::with_tokio_executor().with_idle_connection_timeout(IDLE_TIMEOUT),
        );
        let mut control = swarm.behaviour().stream.new_control();
        tokio::spawn(serve_perf(control.accept(streams::PERF)?));
        for address in &options.listen {
            swarm.listen_on(address.clone())?;
        }
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Notify::new(),
            pings: broadcast::channel(64).0,
            connection: connection_fields(&options),
        });
        let (work, to_do) = mpsc::unbounded_channel();
        tokio::spawn(drive(swarm, shared.clone(), to_do));
        let listeners = options.listen.len();
        let listening = shared.wait(|state| match state.refused.take() {
            Some(reason) => Some(Err(reason)),
            None => (state.addrs.len() >= listeners).then(|| Ok(state.addrs.clone())),
        });
        let addrs: Vec<_> = listening.await?.iter().map(|address| format!("{address}/p2p/{peer}")).collect();
        say_event("ready", json!({ "peer": peer.to_string(), "addrs": addrs }));
        Ok(Node { peer, shared, work, control, gossip: options.gossip })
    }

    pub async fn stop(&self) {
        let peers = self.with_swarm(|swarm| {
            let peers: Vec<_> = swarm.connected_peers().copied().collect();
            for peer in &peers {
                _ = swarm.disconnect_peer_id(*peer);
            }
            peers
        });
        let Ok(peers) = peers.await else { return };
        let gone = self.shared.wait(|state| {
            peers.iter().all(|peer| state.spans.get(peer).is_none_or(|span| span.closed.is_some())).then_some(())
        });
        _ = tokio::time::timeout(Duration::from_secs(1), gone).await;
    }

    async fn with_swarm<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Swarm<Behaviour>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        self.work.send(Box::new(move |swarm| _ = reply.send(work(swarm)))).map_err(|_| "the swarm has ended")?;
        Ok(answer.await?)
    }

    pub async fn run(&self, request: &Value) -> Answer {
        let text = |member: &str| request[member].as_str().unwrap_or_default().to_string();
        match request["cmd"].as_str().unwrap_or_default() {
            "dial" => return self.dial(text("addr").parse()?).await,
            "peers" => {
                let peers = self.with_swarm(|swarm| sorted(swarm.connected_peers())).await?;
                return fields(json!({ "peers": peers }));
            }
            "reconnect" => {
                let count = request["count"].as_u64().unwrap_or(0);
                return self.reconnect(text("addr").parse()?, count, request["probe"] == true).await;
            }
            "push" => return self.push(text("protocol")).await,
            "subscribe" => return self.subscribe(text("topic")).await,
            "publish" => return self.publish(text("topic"), hex::decode(text("data_hex"))?).await,
            "quit" => return fields(json!({})),
            _ => {}
        }

        let peer: PeerId = text("peer").parse()?;
        match request["cmd"].as_str().unwrap_or_default() {
            "identify" => fields(self.shared.wait(|state| state.identities.get(&peer).cloned()).await),
            "protocols" => self.protocols(peer),
            "wait_closed" => self.wait_closed(peer).await,
            "disconnect" => {
                self.with_swarm(move |swarm| _ = swarm.disconnect_peer_id(peer)).await?;
                fields(json!({}))
            }
            "ping" => {
                self.need_connection(peer)?;
                self.ping(peer, request["count"].as_u64().unwrap_or(1).max(1)).await
            }
            "perf" => {
                self.need_connection(peer)?;
                let bytes = |member: &str| request[member].as_u64().unwrap_or(0);
                streams::perf(self.control.clone(), peer, bytes("upload"), bytes("download")).await
            }
            "streams" => {
                self.need_connection(peer)?;
                let number = |member: &str| request[member].as_u64().unwrap_or(0);
                streams::many(&self.control, peer, number("count"), number("at_once"), number("bytes")).await
            }
            "try_stream" => {
                self.need_connection(peer)?;
                let shared = self.shared.clone();
                let connected = move || is_connected(&shared.state(), peer);
                let send = hex::decode(text("send_hex"))?;
                streams::try_stream(self.control.clone(), peer, text("protocol"), send, connected).await
            }
            other => Err(format!("{other:?}: no such command").into()),
        }
    }

    /// The library would dial by itself to open a stream.
    fn need_connection(&self, peer: PeerId) -> Result<(), Failure> {
        match is_connected(&self.shared.state(), peer) {
            true => Ok(()),
            false => Err(format!("not connected to {peer}").into()),
        }
    }

    async fn dial(&self, address: Multiaddr) -> Answer {
        let Some(Protocol::P2p(peer)) = address.iter().last() else {
            return Err(format!("{address} names no peer").into());
        };
        if !is_connected(&self.shared.state(), peer) {
            let options = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(vec![address]).build();
            let id = options.connection_id();
            self.with_swarm(move |swarm| swarm.dial(options)).await??;
            self.shared.wait(|state| state.dials.remove(&id)).await?;
        }
        let mut answer = self.shared.connection.clone();
        answer["peer"] = peer.to_string().into();
        fields(answer)
    }

    async fn reconnect(&self, address: Multiaddr, count: u64, probe: bool) -> Answer {
        let Some(Protocol::P2p(peer)) = address.iter().last() else {
            return Err(format!("{address} names no peer").into());
        };
        let milliseconds_since = |then: Instant| then.elapsed().as_secs_f64() * 1000.0;
        let (mut byte_ms, mut identified_ms) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        for _ in 0..count {
            let dialled = Instant::now();
            self.dial(address.clone()).await?;
            if probe {
                streams::perf(self.control.clone(), peer, 1, 1).await?;
                byte_ms.push(milliseconds_since(dialled));
                // It has gone on meanwhile.
                self.shared.wait(|state| state.identities.contains_key(&peer).then_some(())).await;
                identified_ms.push(milliseconds_since(dialled));
            }
            self.with_swarm(move |swarm| _ = swarm.disconnect_peer_id(peer)).await?;
            self.shared.wait(|state| (!is_connected(state, peer)).then_some(())).await;
        }
        fields(json!({
            "byte_ms": byte_ms,
            "identified_ms": identified_ms,
            "total_s": begun.elapsed().as_secs_f64(),
        }))
    }

    /// The next answers to the library's own pings.
    async fn ping(&self, peer: PeerId, count: u64) -> Answer {
        let mut pings = self.shared.pings.subscribe();
        let mut round_trips = Vec::new();
        while (round_trips.len() as u64) < count {
            let (from, answer) = pings.recv().await?;
            if from == peer {
                round_trips.push(answer?.as_secs_f64() * 1000.0);
            }
        }
        fields(json!({ "rtt_ms": round_trips }))
    }

    fn protocols(&self, peer: PeerId) -> Answer {
        let state = self.shared.state();
        fields(
            json!({ "protocols": state.identities.get(&peer).map_or(json!([]), |known| known["protocols"].clone()) }),
        )
    }

    /// Registers one more protocol, of which identify-push then tells.
    async fn push(&self, protocol: String) -> Answer {
        let mut incoming = self.control.clone().accept(StreamProtocol::try_from_owned(protocol)?)?;
        tokio::spawn(async move {
            while let Some((_, stream)) = incoming.next().await {
                tokio::spawn(streams::end_at_once(stream));
            }
        });
        // The connections look at what is spoken only when something wakes them.
        self.with_swarm(|swarm| {
            let peers: Vec<_> = swarm.connected_peers().copied().collect();
            swarm.behaviour_mut().identify.push(peers);
        })
        .await?;
        fields(json!({}))
    }

    async fn subscribe(&self, topic: String) -> Answer {
        self.need_gossip()?;
        self.with_swarm(move |swarm| {
            let gossip = swarm.behaviour_mut().gossip.as_mut();
            gossip.map(|gossip| gossip.subscribe(&gossipsub::IdentTopic::new(topic))).transpose()
        })
        .await??;
        fields(json!({}))
    }

    async fn publish(&self, topic: String, data: Vec<u8>) -> Answer {
        self.need_gossip()?;
        self.with_swarm(move |swarm| {
            let gossip = swarm.behaviour_mut().gossip.as_mut();
            gossip.map(|gossip| gossip.publish(gossipsub::IdentTopic::new(topic), data)).transpose()
        })
        .await??;
        fields(json!({}))
    }

    fn need_gossip(&self) -> Result<(), Failure> {
        if self.gossip { Ok(()) } else { Err("gossip is off".into()) }
    }

    async fn wait_closed(&self, peer: PeerId) -> Answer {
        if !self.shared.state().spans.contains_key(&peer) {
            return Err(format!("{}: {peer} was never connected", self.peer).into());
        }
        let lived = self.shared.wait(|state| {
            let span = state.spans.get(&peer)?;
            Some(span.closed? - span.opened)
        });
        fields(json!({ "closed_after_ms": lived.await.as_millis() as u64, "bytes_in": null }))
    }
}

fn sorted<'a>(peers: impl Iterator<Item = &'a PeerId>) -> Vec<String> {
    let mut texts: Vec<_> = peers.map(PeerId::to_string).collect();
    texts.sort();
    texts
}

fn is_connected(state: &State, peer: PeerId) -> bool {
    state.spans.get(&peer).is_some_and(|span| span.closed.is_none())
}

fn connection_fields(options: &Options) -> Value {
    if options.transport == Kind::Quic {
        return json!({ "muxer": "", "security": "", "early_muxer": null });
    }
    let security = match options.security {
        Security::Noise => "/noise",
        Security::Tls => "/tls/1.0.0",
    };
    json!({ "muxer": "/yamux/1.0.0", "security": security, "early_muxer": false })
}

fn behaviour(options: &Options, peer: PeerId) -> Result<Behaviour, Failure> {
    // With no signed record of its own: the library signs in a form that js takes for a broken one, and then identifies nobody.
    let identify = identify::Config::new("starling-interop/1.0.0".into(), options.key.public())
        .with_agent_version("starling-interop-rust".into());
    let gossip = gossipsub::ConfigBuilder::default()
        .validation_mode(gossipsub::ValidationMode::Strict)
        .max_transmit_size(MAX_MESSAGE_BYTES)
        .build()?;
    let author = gossipsub::MessageAuthenticity::Signed(options.key.clone());
    Ok(Behaviour {
        identify: identify::Behaviour::new(identify),
        ping: ping::Behaviour::new(ping::Config::new().with_interval(options.ping_every)),
        stream: libp2p_stream::Behaviour::new(),
        gossip: options.gossip.then(|| gossipsub::Behaviour::new(author, gossip)).transpose()?.into(),
        mdns: options.mdns.then(|| mdns::tokio::Behaviour::new(mdns::Config::default(), peer)).transpose()?.into(),
    })
}

async fn serve_perf(mut incoming: IncomingStreams) {
    while let Some((_, stream)) = incoming.next().await {
        tokio::spawn(async move {
            if let Err(error) = streams::serve_perf(stream).await {
                eprintln!("rust-peer: perf server: {error}");
            }
        });
    }
}

async fn drive(mut swarm: Swarm<Behaviour>, shared: Arc<Shared>, mut to_do: mpsc::UnboundedReceiver<Work>) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut told = BTreeMap::new();
    loop {
        tokio::select! {
            work = to_do.recv() => match work {
                Some(work) => work(&mut swarm),
                None => return,
            },
            event = swarm.select_next_some() => on_event(&shared, event),
            _ = look.tick() => if let Some(gossip) = swarm.behaviour().gossip.as_ref() {
                tell_topics(gossip, &mut told);
            },
        }
    }
}

fn tell_topics(gossip: &gossipsub::Behaviour, told: &mut BTreeMap<(&'static str, String), BTreeSet<String>>) {
    for topic in gossip.topics() {
        let subscribers = gossip.all_peers().filter(|(_, topics)| topics.contains(&topic)).map(|(peer, _)| peer);
        let subscribers: BTreeSet<_> = subscribers.map(PeerId::to_string).collect();
        let mesh: BTreeSet<_> = gossip.mesh_peers(topic).map(PeerId::to_string).collect();
        for (event, now) in [("topic_peers", subscribers), ("mesh", mesh)] {
            let before = told.entry((event, topic.to_string())).or_default();
            if *before != now {
                say_event(event, json!({ "topic": topic.to_string(), "peers": now }));
                *before = now;
            }
        }
    }
}

fn on_event(shared: &Shared, event: SwarmEvent<BehaviourEvent>) {
    match event {
        SwarmEvent::NewListenAddr { address, .. } => shared.change(|state| state.addrs.push(address)),
        SwarmEvent::ListenerClosed { reason, .. } => {
            shared.change(|state| state.refused = Some(format!("a listener has ended: {reason:?}")));
        }
        SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, num_established, .. } => {
            on_connected(shared, peer_id, &endpoint, num_established.get());
            shared.change(|state| _ = state.dials.insert(connection_id, Ok(())));
        }
        SwarmEvent::OutgoingConnectionError { connection_id, error, .. } => {
            shared.change(|state| _ = state.dials.insert(connection_id, Err(format!("{error}: {error:?}"))));
        }
        SwarmEvent::IncomingConnectionError { error, .. } => eprintln!("rust-peer: inbound: {error}: {error:?}"),
        SwarmEvent::ConnectionClosed { peer_id, num_established: 0, cause, .. } => {
            if let Some(cause) = cause {
                eprintln!("rust-peer: the connection with {peer_id} ended: {cause:?}");
            }
            shared.change(|state| {
                state.identities.remove(&peer_id);
                if let Some(span) = state.spans.get_mut(&peer_id) {
                    span.closed = Some(Instant::now());
                }
            });
            say_event("disconnected", json!({ "peer": peer_id.to_string() }));
        }
        SwarmEvent::Behaviour(event) => on_behaviour(shared, event),
        _ => {}
    }
}

fn on_connected(shared: &Shared, peer: PeerId, endpoint: &ConnectedPoint, connections: u32) {
    if connections > 1 {
        return;
    }
    shared.change(|state| _ = state.spans.insert(peer, Span { opened: Instant::now(), closed: None }));
    let mut told = shared.connection.clone();
    told["peer"] = peer.to_string().into();
    told["direction"] = if endpoint.is_dialer() { "outbound" } else { "inbound" }.into();
    say_event("connected", told);
}

fn on_behaviour(shared: &Shared, event: BehaviourEvent) {
    match event {
        BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. }) => {
            on_identified(shared, peer_id, info);
        }
        BehaviourEvent::Identify(identify::Event::Error { peer_id, error, .. }) => {
            say_event("identify_failed", json!({ "peer": peer_id.to_string(), "error": error.to_string() }));
        }
        BehaviourEvent::Ping(ping::Event { peer, result, .. }) => {
            // Nobody may be waiting for it.
            _ = shared.pings.send((peer, result.map_err(|error| error.to_string())));
        }
        BehaviourEvent::Gossip(gossipsub::Event::Message { message, .. }) => {
            let from = message.source.map(|peer| peer.to_string());
            let data = hex::encode(message.data);
            say_event("message", json!({ "topic": message.topic.to_string(), "data_hex": data, "from": from }));
        }
        BehaviourEvent::Mdns(mdns::Event::Discovered(found)) => {
            let mut addrs: BTreeMap<PeerId, Vec<String>> = BTreeMap::new();
            for (peer, address) in found {
                addrs.entry(peer).or_default().push(address.to_string());
            }
            for (peer, addrs) in addrs {
                say_event("discovered", json!({ "peer": peer.to_string(), "addrs": addrs }));
            }
        }
        _ => {}
    }
}

/// Of a peer that had told before, what is new has come by a push: the library asks again only after minutes.
fn on_identified(shared: &Shared, peer: PeerId, info: identify::Info) {
    let told = json!({
        "peer": peer.to_string(),
        "protocols": info.protocols.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "agent": info.agent_version,
        "protocol_version": info.protocol_version,
        "listen_addrs": info.listen_addrs.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "observed_addr": info.observed_addr.to_string(),
        "signed_record": info.signed_peer_record.is_some(),
        "pushed": shared.state().identities.contains_key(&peer),
    });
    shared.change(|state| _ = state.identities.insert(peer, told.clone()));
    say_event("identified", told);
}
