//! The one transport that was asked for, and what lies on and below it.

use crate::{
    Failure,
    options::{Kind, Options, Security},
};
use futures::{AsyncRead, AsyncWrite, future};
use libp2p::{
    PeerId, Transport,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    noise,
    pnet::PnetConfig,
    quic, tcp, tls, yamux,
};
use libp2p_websocket as websocket;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::time::Duration;

const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(20);

pub fn build(options: &Options) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Failure> {
    let tcp = || tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    match options.transport {
        Kind::Tcp => protected(tcp(), options),
        Kind::Ws => protected(websocket::Config::new(tcp()), options),
        Kind::Wss => {
            let mut wss = websocket::Config::new(tcp());
            wss.set_tls_config(wss_config(options)?);
            protected(wss, options)
        }
        Kind::Quic => Ok(quic::tokio::Transport::new(quic::Config::new(&options.key))
            .map(|(peer, connection), _| (peer, StreamMuxerBox::new(connection)))
            .boxed()),
    }
}

/// The library verifies certificates and can't be told not to: so it is told to trust the one of all listeners.
fn wss_config(options: &Options) -> Result<websocket::tls::Config, Failure> {
    let mut config = websocket::tls::Config::builder();
    if let Some(file) = &options.wss_cert {
        let certificate = websocket::tls::Certificate::new(CertificateDer::from_pem_file(file)?.to_vec());
        config.add_trust(&certificate)?;
        if let Some(file) = &options.wss_key {
            let key = PrivateKeyDer::from_pem_file(file)?.secret_der().to_vec();
            config.server(websocket::tls::PrivateKey::new(key), [certificate])?;
        }
    }
    Ok(config.finish())
}

fn protected<T>(transport: T, options: &Options) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Failure>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send,
    T::ListenerUpgrade: Send,
{
    match options.psk {
        Some(psk) => secured(transport.and_then(move |socket, _| PnetConfig::new(psk).handshake(socket)), options),
        None => secured(transport.and_then(|socket, _| future::ok::<_, std::io::Error>(socket)), options),
    }
}

fn secured<T>(transport: T, options: &Options) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Failure>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send,
    T::ListenerUpgrade: Send,
{
    let upgrade = transport.upgrade(Version::V1Lazy);
    Ok(match options.security {
        Security::Noise => upgrade
            .authenticate(noise::Config::new(&options.key)?)
            .multiplex(yamux::Config::default())
            .timeout(HANDSHAKE_TIMEOUT)
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed(),
        Security::Tls => upgrade
            .authenticate(tls::Config::new(&options.key)?)
            .multiplex(yamux::Config::default())
            .timeout(HANDSHAKE_TIMEOUT)
            .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)))
            .boxed(),
    })
}
