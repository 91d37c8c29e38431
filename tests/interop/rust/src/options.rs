//! The flags, as the contract in ../README.md has them.

use crate::Failure;
use libp2p::{Multiaddr, identity::Keypair, pnet::PreSharedKey};
use rustls_pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use std::{process::Command, time::Duration};

// The library pings by itself, on its only stream for it, and answers on one only: another one in its way would end it.
const PING_EVERY: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Tcp,
    Ws,
    Wss,
    Quic,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Noise,
    Tls,
}

pub struct Options {
    pub listen: Vec<Multiaddr>,
    pub transport: Kind,
    pub security: Security,
    pub mdns: bool,
    pub gossip: bool,
    pub ping_every: Duration,
    pub key: Keypair,
    pub psk: Option<PreSharedKey>,
    pub wss_cert: Option<String>,
    pub wss_key: Option<String>,
}

pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Options, Failure> {
    let mut options = Options {
        listen: Vec::new(),
        transport: Kind::Tcp,
        security: Security::Noise,
        mdns: false,
        gossip: false,
        ping_every: PING_EVERY,
        key: Keypair::generate_ed25519(),
        psk: None,
        wss_cert: None,
        wss_key: None,
    };
    while let Some(flag) = arguments.next() {
        let value = arguments.next().ok_or(format!("{flag}: unknown, or its value is missing"))?;
        set(&mut options, &flag, value).map_err(|error| format!("{flag}: {error}"))?;
    }
    if options.transport == Kind::Quic && options.psk.is_some() {
        return Err("--psk: QUIC knows no private networks".into());
    }
    Ok(options)
}

fn set(options: &mut Options, flag: &str, value: String) -> Result<(), Failure> {
    match flag {
        "--listen" => options.listen.push(value.parse()?),
        "--transport" => {
            options.transport = match value.as_str() {
                "tcp" => Kind::Tcp,
                "ws" => Kind::Ws,
                "wss" => Kind::Wss,
                "quic-v1" => Kind::Quic,
                _ => return Err("tcp, ws, wss or quic-v1".into()),
            }
        }
        "--security" => {
            options.security = match value.as_str() {
                "noise" => Security::Noise,
                "tls" => Security::Tls,
                _ => return Err("noise or tls".into()),
            }
        }
        "--muxer" if value == "yamux" => {}
        "--muxer" => return Err("only yamux".into()),
        // The library never offers a muxer inside the handshake, so either is as good.
        "--early-muxer" => _ = on_off(&value)?,
        "--mdns" => options.mdns = on_off(&value)?,
        "--gossip" => options.gossip = on_off(&value)?,
        "--ping-every-ms" => options.ping_every = Duration::from_millis(value.parse()?),
        "--key" => options.key = new_key(&value)?,
        "--psk" => options.psk = Some(std::fs::read_to_string(value)?.parse()?),
        "--wss-cert" => options.wss_cert = Some(value),
        "--wss-key" => options.wss_key = Some(value),
        _ => return Err("unknown".into()),
    }
    Ok(())
}

fn on_off(value: &str) -> Result<bool, Failure> {
    match value {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("on or off".into()),
    }
}

fn new_key(kind: &str) -> Result<Keypair, Failure> {
    match kind {
        "ed25519" => Ok(Keypair::generate_ed25519()),
        "secp256k1" => Ok(Keypair::generate_secp256k1()),
        "ecdsa" => Ok(Keypair::generate_ecdsa()),
        "rsa" => {
            // The library makes no RSA keys, it only takes them.
            let made = Command::new("openssl")
                .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"])
                .output()?;
            let key = PrivatePkcs8KeyDer::from_pem_slice(&made.stdout)?;
            Ok(Keypair::rsa_from_pkcs8(&mut key.secret_pkcs8_der().to_vec())?)
        }
        _ => Err("ed25519, secp256k1, ecdsa or rsa".into()),
    }
}
