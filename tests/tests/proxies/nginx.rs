use std::fs;

use ehlo_relay::Config;
use ehlo_tests::TestResult;
use ehlo_tests::process::{Process, free_addr};
use ehlo_tests::relay::Relay;

use crate::support::{Place, Server, behind, example, two_clients_hold_conversations};

/// nginx with the example, in front of `relay`.
async fn nginx(place: &Place, relay: &str) -> TestResult<(Process, std::net::SocketAddr)> {
    let at = free_addr()?;
    let site = example(
        "nginx.conf",
        &[
            ("443", &at.to_string()),
            ("/etc/ssl/ehlo.example.pem", &place.path("certificate.pem")),
            ("/etc/ssl/private/ehlo.example.key", &place.path("key.pem")),
            ("http://127.0.0.1:2580", relay),
        ],
    )?;
    let folder = place.folder.path().display();
    let main = format!(
        "user root;\ndaemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
         client_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\nfastcgi_temp_path {folder}/fastcgi;\n\
         uwsgi_temp_path {folder}/uwsgi;\nscgi_temp_path {folder}/scgi;\n{site}}}\n"
    );
    let file = place.path("nginx.conf");
    fs::write(&file, main)?;
    let arguments = ["-p", &place.path(""), "-e", "stderr", "-c", &file];
    Ok((place.start("nginx", "usr/sbin/nginx", &arguments, at).await?, at))
}

#[tokio::test]
async fn conversations_go_through_nginx_and_each_client_counts() -> TestResult {
    let place = Place::new()?;
    let server = Server::new().await?;
    let relay = Relay::start(behind(&server)).await?;
    let (_nginx, at) = nginx(&place, relay.url().trim_end_matches('/')).await?;
    two_clients_hold_conversations(&server, at, &place).await
}

#[tokio::test]
async fn conversations_go_through_nginx_and_a_unix_socket() -> TestResult {
    let place = Place::new()?;
    let server = Server::new().await?;
    let socket = place.file("web.sock");
    let config = Config {
        listen: Vec::new(),
        listen_sockets: vec![socket.clone()],
        trusted_proxies: Vec::new(),
        trust_sockets: true,
        ..behind(&server)
    };
    let _relay = ehlo_relay::Relay::start(config, ehlo_cli::page()).await?;
    let (_nginx, at) = nginx(&place, &format!("http://unix:{}", socket.display())).await?;
    two_clients_hold_conversations(&server, at, &place).await
}
