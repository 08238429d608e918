//! A DNS server in this process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_server::Server;
use hickory_server::net::runtime::TokioRuntimeProvider;
use hickory_server::proto::rr::Name;
use hickory_server::proto::serialize::txt::Parser;
use hickory_server::store::in_memory::InMemoryZoneHandler;
use hickory_server::zone_handler::{AxfrPolicy, Catalog, ZoneHandler, ZoneType};
use tokio::net::{TcpListener, UdpSocket};

/// A DNS server of `zone.example` and of the reverse zone of 192.0.2.0/24; it refuses everything else.
pub(crate) struct Zone {
    pub(crate) address: SocketAddr,
    _server: Server<Catalog>,
}

pub(crate) async fn zone(records: &str) -> Zone {
    let mut catalog = Catalog::new();
    let reverse = "1 IN PTR mx.zone.example.\n";
    for (origin, records) in [("zone.example.", records), ("2.0.192.in-addr.arpa.", reverse)] {
        let origin = Name::from_ascii(origin).unwrap();
        let text = format!("$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 60\n@ IN NS ns\n{records}");
        let (_, records) = Parser::new(text, None, Some(origin.clone())).parse().unwrap();
        let handler = InMemoryZoneHandler::<TokioRuntimeProvider>::new(
            origin.clone(),
            records,
            ZoneType::Primary,
            AxfrPolicy::Deny,
            None,
        )
        .unwrap();
        catalog.upsert(origin.into(), vec![Arc::new(handler) as Arc<dyn ZoneHandler>]);
    }
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        // The same number may be taken for TCP.
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let mut server = Server::new(catalog);
    server.register_socket(udp);
    server.register_listener(tcp, Duration::from_secs(5), 1024);
    Zone { address, _server: server }
}
