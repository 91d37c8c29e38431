//! What is done with single streams: perf, try_stream.

use crate::Failure;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, TryStreamExt, future, stream};
use libp2p::{PeerId, Stream, StreamProtocol};
use libp2p_stream::{Control, OpenStreamError};
use serde_json::{Map, Value, json};
use std::{
    io::{Error, ErrorKind},
    time::{Duration, Instant},
};
use tokio::time::{sleep_until, timeout};

pub const PERF: StreamProtocol = StreamProtocol::new("/perf/1.0.0");
const BLOCK: usize = 64 << 10;

// How long try_stream listens for what the other side says on its own, and how much of it is shown.
const TRY_STREAM_WAIT: Duration = Duration::from_secs(2);
const TRY_STREAM_MAX_BYTES: usize = 64 << 10;

pub type Answer = Result<Map<String, Value>, Failure>;

pub fn fields(value: Value) -> Answer {
    match value {
        Value::Object(fields) => Ok(fields),
        _ => Err("an answer that is no object".into()),
    }
}

/// Reads the size of the answer and everything after it, and answers only after the end.
pub async fn serve_perf(mut stream: Stream) -> Result<(), Error> {
    let mut size = [0; 8];
    stream.read_exact(&mut size).await?;
    drain(&mut stream).await?;
    send_zeros(&mut stream, u64::from_be_bytes(size)).await?;
    stream.close().await
}

pub async fn perf(mut control: Control, peer: PeerId, upload: u64, download: u64) -> Answer {
    let mut stream = control.open_stream(peer, PERF).await?;
    let start = Instant::now();
    stream.write_all(&download.to_be_bytes()).await?;
    send_zeros(&mut stream, upload).await?;
    stream.close().await?;
    // The first byte of the answer, or its end, tells that the other side has read all of ours.
    let mut first = [0; 1];
    let mut got = stream.read(&mut first).await? as u64;
    let uploaded = Instant::now();
    if got > 0 {
        got += drain(&mut stream).await?;
    }
    let end = Instant::now();
    if got != download {
        return Err(format!("{got} bytes came, {download} were asked for").into());
    }
    fields(json!({
        "upload_s": (uploaded - start).as_secs_f64(),
        "download_s": (end - uploaded).as_secs_f64(),
        "total_s": (end - start).as_secs_f64(),
    }))
}

/// perf on `count` streams, `at_once` at a time.
pub async fn many(control: &Control, peer: PeerId, count: u64, at_once: u64, bytes: u64) -> Answer {
    let begun = Instant::now();
    stream::iter(0..count)
        .map(|_| perf(control.clone(), peer, bytes, bytes))
        .buffer_unordered(at_once.max(1) as usize)
        .try_for_each(|_| future::ok(()))
        .await?;
    fields(json!({ "total_s": begun.elapsed().as_secs_f64() }))
}

async fn send_zeros(stream: &mut Stream, mut size: u64) -> Result<(), Error> {
    let block = [0; BLOCK];
    while size > 0 {
        let piece = size.min(BLOCK as u64) as usize;
        stream.write_all(&block[..piece]).await?;
        size -= piece as u64;
    }
    Ok(())
}

async fn drain(stream: &mut Stream) -> Result<u64, Error> {
    let mut block = vec![0; BLOCK];
    let mut total = 0;
    loop {
        match stream.read(&mut block).await? {
            0 => return Ok(total),
            got => total += got as u64,
        }
    }
}

/// Negotiates to the end before it says anything, then listens. `connected` tells whether the peer still is.
pub async fn try_stream(
    mut control: Control,
    peer: PeerId,
    protocol: String,
    send: Vec<u8>,
    connected: impl Fn() -> bool,
) -> Answer {
    let refused = |reason: String, end: &str| {
        fields(json!({ "accepted": false, "reason": reason, "bytes_hex": "", "bytes": 0, "end": end }))
    };
    let ending = |error: &Error| match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe if connected() => "reset",
        ErrorKind::UnexpectedEof => "eof",
        _ => "closed",
    };
    let mut stream = match control.open_stream(peer, StreamProtocol::try_from_owned(protocol)?).await {
        Ok(stream) => stream,
        Err(OpenStreamError::Io(error)) => return refused(error.to_string(), ending(&error)),
        Err(error) => return refused(error.to_string(), "eof"),
    };
    if !send.is_empty() {
        stream.write_all(&send).await?;
        stream.flush().await?;
    }
    let until = tokio::time::Instant::now() + TRY_STREAM_WAIT;
    let mut heard = Vec::new();
    let mut block = vec![0; BLOCK];
    let end = loop {
        let room = block.len().min(TRY_STREAM_MAX_BYTES - heard.len());
        if room == 0 {
            break "open";
        }
        tokio::select! {
            () = sleep_until(until) => break "open",
            got = stream.read(&mut block[..room]) => match got {
                Ok(0) => break "eof",
                Ok(got) => heard.extend_from_slice(&block[..got]),
                Err(error) => break ending(&error),
            },
        }
    };
    fields(json!({ "accepted": true, "bytes_hex": hex::encode(&heard), "bytes": heard.len(), "end": end }))
}

/// What a protocol that only exists to be pushed does with its streams.
pub async fn end_at_once(mut stream: Stream) {
    _ = timeout(TRY_STREAM_WAIT, stream.close()).await;
}
