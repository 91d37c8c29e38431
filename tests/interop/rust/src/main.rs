//! A rust-libp2p peer that an interoperability test drives over its standard input and output. The contract is in
//! ../README.md; every peer speaks the same one.

mod node;
mod options;
mod streams;
mod transport;

use node::Node;
use serde_json::{Map, Value, json};
use std::{io::Write, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    sync::mpsc,
    time::timeout,
};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

// A command that names no time of its own is answered within this one.
const DEFAULT_TIMEOUT_MS: u64 = 30_000;

/// One JSON object a line, whole and at once.
fn say(line: &Map<String, Value>) {
    let mut text = Value::Object(line.clone()).to_string();
    text.push('\n');
    // A driver that has gone away closes our input too, which ends us.
    let mut out = std::io::stdout().lock();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

pub fn say_event(name: &str, fields: Value) {
    if let Value::Object(mut fields) = fields {
        fields.insert("event".into(), name.into());
        say(&fields);
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    if let Err(error) = live().await {
        eprintln!("rust-peer: {error}");
        std::process::exit(1);
    }
    // Threads of the runtime may be blocked on the standard input.
    std::process::exit(0);
}

async fn live() -> Result<(), Failure> {
    let node = Arc::new(Node::start(options::parse(std::env::args().skip(1))?).await?);
    let (quit, mut quitting) = mpsc::channel::<()>(1);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    loop {
        tokio::select! {
            _ = quitting.recv() => break,
            line = lines.next_line() => match line? {
                // Each on its own: wait_closed goes on beside try_stream.
                Some(line) => _ = tokio::spawn(answer(node.clone(), line, quit.clone())),
                None => break,
            },
        }
    }
    node.stop().await;
    Ok(())
}

async fn answer(node: Arc<Node>, line: String, quit: mpsc::Sender<()>) {
    let request: Value = match serde_json::from_str(&line) {
        Ok(request) => request,
        Err(error) => return fail(Value::Null, format!("not a command: {error}")),
    };
    let within = Duration::from_millis(match request["timeout_ms"].as_u64() {
        None | Some(0) => DEFAULT_TIMEOUT_MS,
        Some(given) => given,
    });
    match timeout(within, node.run(&request)).await {
        Ok(Ok(mut reply)) => {
            reply.insert("id".into(), request["id"].clone());
            reply.insert("ok".into(), json!(true));
            say(&reply);
        }
        Ok(Err(error)) => return fail(request["id"].clone(), error.to_string()),
        Err(_) => return fail(request["id"].clone(), "not done in time".into()),
    }
    if request["cmd"] == "quit" {
        _ = quit.send(()).await;
    }
}

fn fail(id: Value, error: String) {
    if let Value::Object(line) = json!({ "id": id, "ok": false, "error": error }) {
        say(&line);
    }
}
