//! Greylisting for Postfix: its policy service, spoken by the test itself over TCP.
//!
//! Postfix sends `name=value` lines and an empty line, and wants `action=...` and an empty line back
//! (Postfix's SMTPD_POLICY_README). The rule is counted, not timed: a client, sender and recipient that come for the
//! first time are put off, every later time they pass.

use std::collections::HashSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::failure::TestResult;

type Seen = Arc<Mutex<HashSet<[String; 3]>>>;

/// A running policy service; it ends when dropped.
#[derive(Debug)]
pub struct Greylist {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Greylist {
    /// Starts it on a free loopback port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start() -> TestResult<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let seen = Seen::default();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A Postfix process that goes away in the middle of a question ends only its own task.
                tokio::spawn(answer(stream, Arc::clone(&seen)));
            }
        });
        Ok(Self { addr, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Greylist {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(stream: TcpStream, seen: Seen) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut triplet = [const { String::new() }; 3];
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        match line.trim_end().split_once('=') {
            Some(("client_address", value)) => triplet[0] = value.to_owned(),
            Some(("sender", value)) => triplet[1] = value.to_owned(),
            Some(("recipient", value)) => triplet[2] = value.to_owned(),
            Some(_) => {}
            None => {
                let is_new = seen.lock().unwrap_or_else(PoisonError::into_inner).insert(std::mem::take(&mut triplet));
                let action = if is_new { "DEFER_IF_PERMIT 4.2.0 Greylisted, come again later" } else { "DUNNO" };
                stream.write_all(format!("action={action}\n\n").as_bytes()).await?;
            }
        }
    }
}
