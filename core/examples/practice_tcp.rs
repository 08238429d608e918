//! Serves the practice server over TCP, one thread a connection: `practice_tcp accepts-all 127.0.0.1:0`.
//!
//! It prints its address. Loopback only: it is for trying mail programs by hand.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use ehlo_core::time::Now;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| Personality::AcceptsAll.name().into());
    let address: SocketAddr = arguments.next().unwrap_or_else(|| "127.0.0.1:0".into()).parse()?;
    let names = Personality::ALL.map(Personality::name).join(", ");
    let personality = Personality::from_name(&name).ok_or(format!("no such personality; choose one of: {names}"))?;
    if !address.ip().is_loopback() {
        return Err("only loopback addresses are served".into());
    }
    let listener = TcpListener::bind(address)?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let (start, memory) = (Instant::now(), Arc::new(Mutex::new(Memory::default())));
    for stream in listener.incoming() {
        let (stream, memory) = (stream?, Arc::clone(&memory));
        std::thread::spawn(move || {
            let known = memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let mut server = Practice::new(personality, known);
            if let Err(error) = serve(stream, &mut server, start) {
                eprintln!("connection lost: {error}");
            }
            for mail in server.received() {
                eprintln!("{} from <{}> to {:?}", mail.queue_id, mail.reverse_path, mail.forward_paths);
            }
            *memory.lock().unwrap_or_else(PoisonError::into_inner) = server.memory().clone();
        });
    }
    Ok(())
}

/// Drives one connection: the whole of what a driver must do.
fn serve(mut stream: TcpStream, server: &mut Practice, start: Instant) -> std::io::Result<()> {
    let now = || Now(u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX));
    let mut buffer = [0; 8192];
    server.handle(now(), Input::Opened);
    loop {
        let until = loop {
            match server.poll() {
                Output::Send(bytes) => stream.write_all(&bytes)?,
                Output::Hangup => return Ok(()),
                Output::Idle(until) => break until,
            }
        };
        let wait = until.map(|until| Duration::from_millis(until.since(now()).max(1)));
        stream.set_read_timeout(wait)?;
        match stream.read(&mut buffer) {
            Ok(0) => {
                server.handle(now(), Input::Closed);
                return Ok(());
            }
            Ok(count) => server.handle(now(), Input::Bytes(&buffer[..count])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                server.handle(now(), Input::Tick);
            }
            Err(error) => return Err(error),
        }
    }
}
