//! Somebody on the way: a hop behind the relay that changes what it passes on, as a relay could that is not honest.

use std::net::{Ipv4Addr, SocketAddr};

use ehlo_tests::TestResult;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Deed {
    /// Takes STARTTLS out of the answer to EHLO.
    Strip,
    /// Answers in the server's place: puts these words behind the 220 of STARTTLS.
    Inject(&'static str),
    /// Hands the handshake to this server, which has a certificate of its own.
    Swap(SocketAddr),
}

/// A running hop; it ends when dropped.
pub(crate) struct Meddler {
    addr: SocketAddr,
    task: JoinHandle<()>,
}

impl Meddler {
    /// Passes everything on to the mail server at `to`, except for what the deed says.
    pub(crate) async fn start(to: SocketAddr, deed: Deed) -> TestResult<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // A side that goes away ends only its own connection.
                tokio::spawn(meddle(client, to, deed));
            }
        });
        Ok(Self { addr, task })
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.task.abort();
    }
}

const OFFER: &str = "250-STARTTLS\r\n";
const READY: &str = "220 2.0.0 Ready to start TLS\r\n";

async fn meddle(mut client: TcpStream, to: SocketAddr, deed: Deed) -> TestResult {
    let mut server = TcpStream::connect(to).await?;
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => match read? {
                0 => return Ok(()),
                count => server.write_all(&up[..count]).await?,
            },
            read = server.read(&mut down) => {
                let said = &down[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                match (deed, std::str::from_utf8(said)) {
                    (Deed::Strip, Ok(text)) => client.write_all(text.replace(OFFER, "").as_bytes()).await?,
                    (Deed::Inject(words), Ok(READY)) => client.write_all([READY, words].concat().as_bytes()).await?,
                    (Deed::Swap(other), Ok(READY)) => {
                        client.write_all(READY.as_bytes()).await?;
                        let mut other = TcpStream::connect(other).await?;
                        copy_bidirectional(&mut client, &mut other).await?;
                        return Ok(());
                    }
                    _ => client.write_all(said).await?,
                }
            }
        }
    }
}
