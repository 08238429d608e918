//! A DNS server in the test process, for a zone written as text.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::{LowerName, Name, RecordSet, RrKey};
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

use crate::failure::{Failure, TestResult};

/// A running DNS server on loopback, over UDP and TCP; it ends when dropped.
pub struct Dns {
    addr: SocketAddr,
    _server: Server<Catalog>,
}

impl std::fmt::Debug for Dns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dns({})", self.addr)
    }
}

impl Dns {
    /// Serves each `(origin, records)`, such as `("domain.test.", "@ 60 IN MX 10 mail\nmail 60 IN A 192.0.2.1")`.
    /// The SOA record is added. Names outside of these zones are refused.
    ///
    /// # Errors
    /// When a zone cannot be read, or no port is free.
    pub async fn start(zones: &[(&str, &str)]) -> TestResult<Self> {
        let mut catalog = Catalog::new();
        for (origin, text) in zones {
            let origin = Name::from_str(origin)?;
            let zone = zone(&origin, text)?;
            catalog.upsert(LowerName::new(&origin), vec![Arc::new(zone)]);
        }
        let mut server = Server::new(catalog);
        let (listener, socket) = same_port().await?;
        let addr = listener.local_addr()?;
        server.register_socket(socket);
        server.register_listener(listener, Duration::from_secs(10), 16);
        Ok(Self { addr, _server: server })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }
}

fn zone(origin: &Name, text: &str) -> TestResult<InMemoryZoneHandler<TokioRuntimeProvider>> {
    let whole = format!("@ 60 IN SOA ns.{origin} admin.{origin} 1 60 60 60 60\n{text}\n");
    let (_, records): (_, BTreeMap<RrKey, RecordSet>) = Parser::new(whole, None, Some(origin.clone())).parse()?;
    InMemoryZoneHandler::new(origin.clone(), records, ZoneType::Primary, AxfrPolicy::Deny, None)
        .map_err(|error| Failure::new(format!("zone {origin}: {error}")))
}

/// TCP and UDP with one number: the kernel chooses it for TCP, and UDP may happen to be taken.
async fn same_port() -> TestResult<(TcpListener, UdpSocket)> {
    let mut last = Failure::new("no port is free for DNS");
    for _ in 0..20 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match UdpSocket::bind(listener.local_addr()?).await {
            Ok(socket) => return Ok((listener, socket)),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}
