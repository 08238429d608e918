//! `openssl s_server`: a TLS server of any version, suite, certificate and client certificate, that says nothing more.

use std::net::SocketAddr;

use tempfile::TempDir;

use super::private_folder;
use crate::failure::TestResult;
use crate::pki::Chain;
use crate::process::{Process, command, free_addr};
use crate::wait::listening;

/// A running `openssl s_server`.
#[derive(Debug)]
pub struct OpenSsl {
    process: Process,
    addr: SocketAddr,
    _folder: TempDir,
}

impl OpenSsl {
    /// Starts it with this chain and more options, such as `-tls1_2` or `-cipher NAMES`.
    ///
    /// # Errors
    /// When it does not start; the text holds what it said.
    pub async fn start(chain: &Chain, options: &[&str]) -> TestResult<Self> {
        let folder = private_folder()?;
        let at = |name: &str| folder.path().join(name);
        chain.write(folder.path())?;
        let addr = free_addr()?;
        let mut server = command("openssl");
        // With -www it reads nothing from its standard input, and answers nobody who says no GET.
        server.args(["s_server", "-quiet", "-www", "-accept", &addr.to_string()]);
        server.arg("-cert").arg(at("chain.pem")).arg("-key").arg(at("key.pem"));
        server.arg("-cert_chain").arg(at("chain.pem")).args(options);
        let mut process = Process::start("openssl s_server", server, &at("log"))?;
        listening(addr, &mut process).await?;
        Ok(Self { process, addr, _folder: folder })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it said, for failure texts.
    pub fn log(&self) -> String {
        self.process.log()
    }
}
