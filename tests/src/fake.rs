//! A mail server that follows a script to the byte, for talks that no real server would hold.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use ehlo_core::record::event::Event;
use ehlo_core::record::play::TalkStep as Play;
use ehlo_core::record::talk::Talk;
use ehlo_core::tunnel::{Closer, Code};
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::failure::{Failure, TestResult};
use crate::wait::PATIENCE;

/// One step of a fake server's script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FakeStep {
    /// Send these bytes, in one piece.
    Send(Vec<u8>),
    /// Send these bytes, each in a segment of its own.
    SendByteByByte(Vec<u8>),
    /// Wait until a line has come, whatever it is.
    WaitLine,
    /// Wait until exactly this line has come; the line end is CRLF.
    ExpectLine(String),
    /// Wait until so many bytes have come.
    WaitBytes(usize),
    /// Wait until these bytes have come, such as `\r\n.\r\n`.
    WaitFor(Vec<u8>),
    /// Say nothing until the client closes.
    Stall,
    /// Say nothing for a while; for the tests of what a person sees during it.
    Pause(Duration),
    /// Close the sending side, and go on reading.
    HalfClose,
    /// Break the connection with a reset.
    Reset,
}

impl FakeStep {
    /// [`FakeStep::Send`] for a text as it is: line ends included.
    pub fn send(text: &str) -> Self {
        Self::Send(text.as_bytes().to_vec())
    }

    /// [`FakeStep::ExpectLine`].
    pub fn expect(line: &str) -> Self {
        Self::ExpectLine(line.to_owned())
    }
}

/// The server's part of a talk: its lines, and between them the client's, to the byte.
pub fn script(talk: &Talk) -> Vec<FakeStep> {
    let mut steps = Vec::new();
    for (_, step) in talk.steps() {
        match step {
            Play::Server(bytes) => steps.push(FakeStep::Send(bytes.to_vec())),
            Play::Client(bytes) => steps.push(FakeStep::WaitBytes(bytes.len())),
            Play::Event(Event::Closed { by: Closer::Target, code: Code::Reset }) => {
                steps.push(FakeStep::Reset);
                return steps;
            }
            Play::Event(Event::Eof | Event::Closed { by: Closer::Target, .. }) => return steps,
            _ => {}
        }
    }
    steps.push(FakeStep::Stall);
    steps
}

/// The steps of a server that takes a mail: seven replies, each with what it waits for before it.
pub fn takes_a_mail() -> Vec<FakeStep> {
    vec![
        FakeStep::send("220 mail.example ESMTP\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250 mail.example\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250 2.1.0 Ok\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("250 2.1.5 Ok\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("354 Go on\r\n"),
        FakeStep::WaitFor(b"\r\n.\r\n".to_vec()),
        FakeStep::send("250 2.0.0 Ok: queued as 12345\r\n"),
        FakeStep::WaitLine,
        FakeStep::send("221 2.0.0 Bye\r\n"),
    ]
}

/// The same for a server that says nothing any more after so many replies.
pub fn silent_after(replies: usize) -> Vec<FakeStep> {
    let mut steps = takes_a_mail();
    steps.truncate((2 * replies).saturating_sub(1));
    steps.push(FakeStep::Stall);
    steps
}

/// A server for one connection. After the last step it closes in order.
#[derive(Debug)]
pub struct FakeServer {
    addr: SocketAddr,
    task: JoinHandle<TestResult<Vec<u8>>>,
}

impl FakeServer {
    /// Starts it on a free loopback port.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(script: Vec<FakeStep>) -> TestResult<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let (stream, _) = listener.accept().await?;
            // A second connection is to be refused, not left waiting.
            drop(listener);
            Player { stream, heard: Vec::new(), read: 0 }.play(script).await
        });
        Ok(Self { addr, task })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Waits until the script is over and the client has closed, and gives every byte that the client has sent.
    ///
    /// # Errors
    /// When the client did something else than the script says, or nothing.
    pub async fn heard(mut self) -> TestResult<Vec<u8>> {
        (&mut self.task).await?
    }
}

impl Drop for FakeServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Player {
    stream: TcpStream,
    heard: Vec<u8>,
    /// How much of `heard` the script has passed.
    read: usize,
}

impl Player {
    async fn play(mut self, script: Vec<FakeStep>) -> TestResult<Vec<u8>> {
        self.stream.set_nodelay(true)?;
        for (number, step) in script.into_iter().enumerate() {
            let said = format!("step {number}: {step:?}");
            if self.step(step).await.map_err(|failure| failure.with(said))? == End::Now {
                return Ok(self.heard);
            }
        }
        // The client may have gone already.
        let _ = self.stream.shutdown().await;
        self.until_closed().await?;
        Ok(self.heard)
    }

    async fn step(&mut self, step: FakeStep) -> TestResult<End> {
        match step {
            FakeStep::Send(bytes) => self.stream.write_all(&bytes).await?,
            FakeStep::SendByteByByte(bytes) => {
                for byte in bytes {
                    self.stream.write_all(&[byte]).await?;
                    self.stream.flush().await?;
                    tokio::task::yield_now().await;
                }
            }
            FakeStep::WaitLine => drop(self.line().await?),
            FakeStep::ExpectLine(wanted) => {
                let line = self.line().await?;
                if line != format!("{wanted}\r\n").as_bytes() {
                    let got = String::from_utf8_lossy(&line).into_owned();
                    return Err(Failure::new(format!("the client was to say {wanted:?} and said {got:?}")));
                }
            }
            FakeStep::WaitBytes(count) => {
                self.wait(|unread| (unread.len() >= count).then_some(count)).await.map(drop)?;
            }
            FakeStep::WaitFor(needle) => {
                let find = |unread: &[u8]| unread.windows(needle.len()).position(|window| window == needle);
                self.wait(|unread| find(unread).map(|at| at + needle.len())).await.map(drop)?;
            }
            FakeStep::Stall => {
                self.until_closed().await?;
                return Ok(End::Now);
            }
            FakeStep::Pause(time) => tokio::time::sleep(time).await,
            FakeStep::HalfClose => self.stream.shutdown().await?,
            FakeStep::Reset => {
                SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))?;
                return Ok(End::Now);
            }
        }
        Ok(End::NotYet)
    }

    async fn line(&mut self) -> TestResult<Vec<u8>> {
        self.wait(|unread| unread.iter().position(|&byte| byte == b'\n').map(|at| at + 1)).await
    }

    /// Reads until `enough` says how many of the unread bytes are wanted, and passes these.
    async fn wait(&mut self, enough: impl Fn(&[u8]) -> Option<usize>) -> TestResult<Vec<u8>> {
        loop {
            if let Some(count) = enough(&self.heard[self.read..]) {
                self.read += count;
                return Ok(self.heard[self.read - count..self.read].to_vec());
            }
            if self.more().await? == 0 {
                let rest = String::from_utf8_lossy(&self.heard[self.read..]).into_owned();
                return Err(Failure::new(format!("the client closed the connection; its last bytes were {rest:?}")));
            }
        }
    }

    async fn until_closed(&mut self) -> TestResult {
        // A client that closes with bytes unread resets the connection: closed is closed.
        while self.stream.read_buf(&mut self.heard).await.unwrap_or(0) > 0 {}
        Ok(())
    }

    async fn more(&mut self) -> TestResult<usize> {
        match timeout(PATIENCE, self.stream.read_buf(&mut self.heard)).await {
            Ok(read) => Ok(read?),
            Err(_) => Err(Failure::new(format!("the client says nothing for {PATIENCE:?}"))),
        }
    }
}

#[derive(PartialEq, Eq)]
enum End {
    Now,
    NotYet,
}
