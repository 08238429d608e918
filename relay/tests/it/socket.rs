//! A Unix socket, for a web server in front.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;

use ehlo_core::tunnel::{Code, FromRelay};
use ehlo_relay::{Assets, Config, Relay, Running};
use tokio::net::UnixStream;

use crate::support::{Heard, Page};

const NAME: &str = "ehlo.example";

fn config(socket: &Path) -> Config {
    let mut config = Config {
        listen: Vec::new(),
        listen_sockets: vec![socket.to_owned()],
        public_names: vec![NAME.to_owned()],
        trust_sockets: true,
        ..Config::default()
    };
    config.limits.sessions_per_client = 1;
    config
}

async fn relay(socket: &Path) -> Running {
    Relay::start(config(socket), Assets::none()).await.unwrap()
}

async fn asks_for(socket: &Path, client: &str) -> (Page<UnixStream>, Heard) {
    let stream = UnixStream::connect(socket).await.unwrap();
    let more = [("x-forwarded-for", client)];
    let mut page = Page::over(stream, NAME, &format!("https://{NAME}"), &more).await.unwrap();
    let heard = page.about().await;
    (page, heard)
}

#[tokio::test]
async fn the_web_server_at_the_socket_says_for_whom_it_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("web.sock");
    let running = relay(&socket).await;
    assert_eq!(running.url(), "http://ehlo.example/");
    let (_first, heard) = asks_for(&socket, "192.0.2.1").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    let (_second, heard) = asks_for(&socket, "192.0.2.2").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    let (_again, heard) = asks_for(&socket, "203.0.113.9, 192.0.2.1").await;
    assert!(matches!(&heard, Heard::Word(FromRelay::Error(no)) if no.code == Code::Busy), "{heard:?}");
}

#[tokio::test]
async fn whoever_comes_over_a_socket_is_one_client_unless_the_operator_says_otherwise() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("web.sock");
    // A socket has no address, so a network of addresses does not mean it.
    let networks = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let config = Config { trust_sockets: false, trusted_proxies: networks, ..config(&socket) };
    let running = Relay::start(config.clone(), Assets::none()).await.unwrap();
    let (_first, heard) = asks_for(&socket, "192.0.2.1").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
    let (_second, heard) = asks_for(&socket, "192.0.2.2").await;
    assert!(matches!(&heard, Heard::Word(FromRelay::Error(no)) if no.code == Code::Busy), "{heard:?}");

    running.reload(&Config { trust_sockets: true, ..config }).unwrap();
    let (_third, heard) = asks_for(&socket, "192.0.2.2").await;
    assert!(matches!(heard, Heard::Word(FromRelay::About(_))), "{heard:?}");
}

#[test]
fn the_word_unix_among_the_trusted_proxies_means_the_sockets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ehlo.toml");
    let with = |proxies: &str| {
        let text =
            format!("listen = [\"unix:web.sock\"]\npublic_names = [\"ehlo.example\"]\ntrusted_proxies = {proxies}\n");
        fs::write(&file, text).unwrap();
        Config::from_file(&file, None)
    };
    let config = with("[\"unix\", \"192.0.2.0/24\"]").unwrap();
    assert!(config.trust_sockets && config.trusted_proxies.len() == 1);
    assert!(config.sentences().join(" ").contains("over a Unix socket is believed"), "{:?}", config.sentences());
    assert!(config.changed().contains(&"trusted_proxies = 192.0.2.0/24, unix".to_owned()), "{:?}", config.changed());
    let config = with("[]").unwrap();
    assert!(!config.trust_sockets && config.sentences().join(" ").contains("count as one client"));
    let told = with("[\"socket\"]").unwrap_err().to_string();
    assert!(told.contains("192.0.2.1/32") && told.contains("unix"), "{told}");

    let told = Config { proxy_protocol: true, ..config }.check().unwrap_err().to_string();
    assert!(told.contains("unix"), "{told}");
}

#[tokio::test]
async fn the_file_is_for_owner_and_group_and_goes_with_the_relay() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("web.sock");
    let running = relay(&socket).await;
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    running.stop().await;
    while socket.exists() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_killed_relay_left_behind_is_taken_over_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join("left.sock");
    drop(UnixListener::bind(&left).unwrap());
    let _running = relay(&left).await;
    asks_for(&left, "192.0.2.1").await;

    let served = folder.path().join("served.sock");
    let _other = UnixListener::bind(&served).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "precious").unwrap();
    for path in [&served, &file] {
        let told = Relay::start(config(path), Assets::none()).await.unwrap_err().to_string();
        assert!(told.contains(&path.display().to_string()), "{told}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"precious");
}

#[tokio::test]
async fn a_socket_without_a_name_for_the_page_is_refused_with_what_to_write() {
    let config = Config { public_names: Vec::new(), ..config(Path::new("web.sock")) };
    let told = Relay::start(config, Assets::none()).await.unwrap_err().to_string();
    assert!(told.contains("--public-name"), "{told}");
}
