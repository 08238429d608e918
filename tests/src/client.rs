//! The plainest SMTP client there is, to check servers by: bytes and lines over TCP, nothing understood.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::failure::{Failure, TestResult};
use crate::wait::PATIENCE;

/// An open connection, and what has come in and was not read yet.
#[derive(Debug)]
pub struct Raw {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Raw {
    /// Connects, and reads nothing yet.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(addr: SocketAddr) -> TestResult<Self> {
        Ok(Self { stream: TcpStream::connect(addr).await?, unread: Vec::new() })
    }

    /// Sends these bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> TestResult {
        Ok(self.stream.write_all(bytes.as_ref()).await?)
    }

    /// Sends a line with CRLF, and reads the reply to it.
    ///
    /// # Errors
    /// When the connection ends before the reply is whole.
    pub async fn say(&mut self, line: &str) -> TestResult<String> {
        self.send(format!("{line}\r\n")).await?;
        self.reply().await.map_err(|failure| failure.with(format!("after {line:?}")))
    }

    /// Reads one line, without its line end.
    ///
    /// # Errors
    /// When the connection ends before the line does, or nothing comes.
    pub async fn line(&mut self) -> TestResult<String> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.more(PATIENCE).await? == 0 {
                let rest = String::from_utf8_lossy(&self.unread).into_owned();
                return Err(Failure::new(format!("the server closed the connection; the rest was {rest:?}")));
            }
        }
    }

    /// Reads one reply: lines up to the one without a dash behind its code (RFC 5321, section 4.2.1).
    ///
    /// # Errors
    /// As [`Raw::line`].
    pub async fn reply(&mut self) -> TestResult<String> {
        let mut reply = self.line().await?;
        let mut last = reply.clone();
        while last.as_bytes().get(3) == Some(&b'-') {
            last = self.line().await?;
            reply = format!("{reply}\n{last}");
        }
        Ok(reply)
    }

    /// Reads until the server closes, and gives all that came. A reset ends it as well.
    ///
    /// # Errors
    /// When the connection stays open and silent.
    pub async fn rest(&mut self) -> TestResult<Vec<u8>> {
        while self.more(PATIENCE).await.or_else(|failure| if is_reset(&failure) { Ok(0) } else { Err(failure) })? > 0 {}
        Ok(std::mem::take(&mut self.unread))
    }

    /// Sends a whole mail for `recipient@domain.test` (dot-stuffing is the caller's), and gives the last reply.
    ///
    /// # Errors
    /// When the conversation breaks off.
    pub async fn mail(&mut self, message: &str) -> TestResult<String> {
        self.reply().await?;
        for line in ["EHLO client.example", "MAIL FROM:<a@client.example>", "RCPT TO:<recipient@domain.test>", "DATA"] {
            let reply = self.say(line).await?;
            if !reply.starts_with(['2', '3']) {
                return Err(Failure::new(format!("{line:?} was answered with {reply:?}")));
            }
        }
        self.send(message).await?;
        let last = self.say(".").await?;
        self.say("QUIT").await?;
        Ok(last)
    }

    async fn more(&mut self, limit: Duration) -> TestResult<usize> {
        match timeout(limit, self.stream.read_buf(&mut self.unread)).await {
            Ok(read) => Ok(read?),
            Err(_) => Err(Failure::new(format!("the server says nothing for {limit:?}"))),
        }
    }
}

fn is_reset(failure: &Failure) -> bool {
    failure.text().contains("reset")
}
