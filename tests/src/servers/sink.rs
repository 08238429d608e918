//! Postfix's `smtp-sink`: the mail server that misbehaves as told.

use std::net::SocketAddr;

use tempfile::TempDir;

use super::postfix::libraries;
use super::private_folder;
use crate::failure::TestResult;
use crate::packages;
use crate::process::{Process, command, free_addr};
use crate::wait::listening;

/// A running `smtp-sink`. It throws away what it takes.
#[derive(Debug)]
pub struct SmtpSink {
    process: Process,
    addr: SocketAddr,
    _folder: TempDir,
}

impl SmtpSink {
    /// Starts it with these options, such as `["-q", "rcpt"]`: drop the connection at RCPT. The manual page
    /// smtp-sink(1) names them all; a command after `-f` is refused for good, after `-r` for now, after `-Q` with 421
    /// and a close, after `-q` with a close and no word.
    ///
    /// # Errors
    /// When Postfix is not unpacked, or the options are wrong.
    pub async fn start(options: &[&str]) -> TestResult<Self> {
        let folder = private_folder()?;
        let package = packages::for_everybody("postfix", folder.path())?;
        let addr = free_addr()?;
        let mut sink = command(package.join("usr/sbin/smtp-sink"));
        sink.env("LD_LIBRARY_PATH", libraries(&package)).args(["-u", "postfix", "-h", "mail.domain.test"]);
        sink.args(options).arg(addr.to_string()).arg("100");
        let mut process = Process::start("smtp-sink", sink, &folder.path().join("log"))?;
        listening(addr, &mut process).await?;
        Ok(Self { process, addr, _folder: folder })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it has printed, for failure texts.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
