//! A whole connection in memory: session and TLS layer as every driver drives them, against a server that keeps to TLS
//! and against those that do not.

use ehlo_core::export::view::Outcome;
use ehlo_core::machine::Action;
use ehlo_core::machine::connection::{Arrived, Connection, Do};
use ehlo_core::practice::{self, Memory, Personality, Practice};
use ehlo_core::record::{How, Stage};
use ehlo_core::setup::Setup;
use ehlo_core::time::Now;
use ehlo_core::tls::FailureKind;
use ehlo_core::tunnel::{Closer, Code, Connected, FromRelay};
use rustls::ServerConnection;
use rustls::version::{TLS12, TLS13};

use crate::certificates::{self, Flaw, Made};
use crate::pair::{self, NOW, Wants};

/// An unattended conversation, secured so.
fn setup(security: &str, authority: &str, message: &str) -> Setup {
    let fields = serde_json::json!({
        "host": "mx.example", "security": security, "started": NOW, "seed": "s", "attended": false,
        "hello": "client.example", "from": "a@client.example", "to": ["b@practice.ehlo.example"], "message": message,
        "tls_authorities": authority,
    });
    Setup::from_json(&fields.to_string()).unwrap()
}

fn connected() -> FromRelay {
    FromRelay::Connected(Connected {
        session: "s1".into(),
        address: "192.0.2.1".into(),
        port: 25,
        local: None,
        local_name: None,
        ms: 3,
    })
}

/// What a connection wants done, but for what it sends.
#[derive(Default)]
struct Seen {
    sent: Vec<u8>,
    hung_up: bool,
    probe: Option<Setup>,
    changes: usize,
}

fn drain(connection: &mut Connection, seen: &mut Seen) {
    loop {
        match connection.poll() {
            Do::Send(bytes) => seen.sent.extend(bytes),
            Do::Hangup => seen.hung_up = true,
            Do::Probe(setup) => seen.probe = Some(*setup),
            Do::Changed => seen.changes += 1,
            Do::Control(_) | Do::EndProbe => {}
            Do::Idle(_) => return,
        }
    }
}

fn tell(connection: &mut Connection, seen: &mut Seen, arrived: Arrived<'_>) {
    connection.handle(Now(5), arrived).unwrap();
    drain(connection, seen);
}

/// Up to the server's first word, or the ClientHello.
fn begun(setup: Setup) -> (Connection, Seen) {
    let (mut connection, mut seen) = (Connection::new(Now(0), setup), Seen::default());
    tell(&mut connection, &mut seen, Arrived::Reached);
    tell(&mut connection, &mut seen, Arrived::Relay(connected()));
    (connection, seen)
}

/// Up to the ClientHello, which has gone out and is the last that was sent.
fn shaking(security: &str, made: &Made) -> (Connection, Seen) {
    let (mut connection, mut seen) = begun(setup(security, &made.root_pem, "hi\n"));
    if security == "starttls" {
        for (reply, next) in
            [("220 mx.example ESMTP\r\n", "EHLO "), ("250-mx.example\r\n250 STARTTLS\r\n", "STARTTLS\r\n")]
        {
            seen.sent.clear();
            tell(&mut connection, &mut seen, Arrived::Bytes(reply.as_bytes()));
            assert!(seen.sent.starts_with(next.as_bytes()), "{:?}", String::from_utf8_lossy(&seen.sent));
        }
        seen.sent.clear();
        tell(&mut connection, &mut seen, Arrived::Bytes(b"220 go ahead\r\n"));
    }
    assert!(seen.sent.starts_with(&[0x16, 3]), "a ClientHello is due, and this was sent: {:?}", seen.sent);
    (connection, seen)
}

/// The practice server, speaking TLS from the first byte.
struct Server {
    tls: ServerConnection,
    smtp: Practice,
    greeted: bool,
}

impl Server {
    fn new(made: &Made, tls13: bool) -> Self {
        let tls = pair::server(made, &[if tls13 { &TLS13 } else { &TLS12 }], Wants::Nothing, "");
        Self { tls, smtp: Practice::new(Personality::AcceptsAll, Memory::default()), greeted: false }
    }

    /// What it sends back, and whether it hangs up behind that.
    fn takes(&mut self, mut bytes: &[u8]) -> (Vec<u8>, bool) {
        while !bytes.is_empty() {
            self.tls.read_tls(&mut bytes).unwrap();
            self.tls.process_new_packets().unwrap();
            let plain = pair::read(&mut self.tls);
            self.smtp.handle(Now(1), practice::Input::Bytes(&plain));
        }
        if !self.greeted && !self.tls.is_handshaking() {
            self.greeted = true;
            self.smtp.handle(Now(1), practice::Input::Opened);
        }
        let mut over = false;
        loop {
            match self.smtp.poll() {
                practice::Output::Send(text) => pair::write(&mut self.tls, &text),
                practice::Output::Hangup => over = true,
                practice::Output::Idle(_) => break,
            }
        }
        if over {
            self.tls.send_close_notify();
        }
        let mut out = Vec::new();
        while self.tls.wants_write() {
            self.tls.write_tls(&mut out).unwrap();
        }
        (out, over)
    }
}

/// Carries bytes both ways to the end, in pieces of that size, and says that what was sent has left in pieces too.
fn carry(connection: &mut Connection, seen: &mut Seen, server: &mut Server, piece: usize) {
    while connection.session().record().ending().is_none() {
        let sent = std::mem::take(&mut seen.sent);
        assert!(!sent.is_empty(), "both sides wait:\n{}", connection.session().plain());
        for left in sent.chunks(piece) {
            tell(connection, seen, Arrived::Left(left.len() as u64));
        }
        let (answer, over) = server.takes(&sent);
        for bytes in answer.chunks(piece) {
            tell(connection, seen, Arrived::Bytes(bytes));
        }
        if over {
            tell(connection, seen, Arrived::Relay(FromRelay::Eof {}));
        }
    }
}

#[test]
fn a_mail_goes_out_over_tls_whatever_the_pieces_that_its_bytes_come_in() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    for (tls13, piece) in [(true, usize::MAX), (true, 1), (false, usize::MAX), (false, 7)] {
        let mut server = Server::new(&made, tls13);
        let (mut connection, mut seen) = begun(setup("tls", &made.root_pem, "hello\n"));
        carry(&mut connection, &mut seen, &mut server, piece);
        let session = connection.session();
        assert_eq!(session.summary().outcome, Outcome::Accepted, "{}", session.plain());
        assert_eq!(session.record().ending().map(|ending| ending.how), Some(How::Quit));
        assert!(
            session.record().tls().close_notify
                && session.record().tls().report().is_some_and(|report| report.verdict.trusted)
        );
        assert!(session.record().tls().report().is_some_and(|report| report.handshake_ms.is_some()));
        assert!(seen.hung_up && seen.probe.is_none());
    }
}

#[test]
fn a_message_larger_than_the_window_goes_out_as_its_ciphertext_leaves() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let line = "0123456789abcdef0123456789abcdef0123456789abcdef\n";
    let mut server = Server::new(&made, true);
    let (mut connection, mut seen) = begun(setup("tls", &made.root_pem, &line.repeat(16_000)));
    let mut most = 0;
    while connection.session().record().ending().is_none() {
        let sent = std::mem::take(&mut seen.sent);
        most = most.max(sent.len());
        tell(&mut connection, &mut seen, Arrived::Left(sent.len() as u64));
        let (answer, over) = server.takes(&sent);
        tell(&mut connection, &mut seen, Arrived::Bytes(&answer));
        if over {
            tell(&mut connection, &mut seen, Arrived::Relay(FromRelay::Eof {}));
        }
    }
    assert_eq!(connection.session().summary().outcome, Outcome::Accepted, "{}", connection.session().plain());
    assert!(most < 512 * 1024, "{most} bytes waited at once");
}

/// What a server may do in answer to a ClientHello, what is told of it, and a word of the sentence.
const ANSWERS: &[(&str, &[u8], End, FailureKind, &str)] = &[
    ("alert 40 and the end", b"\x15\x03\x03\x00\x02\x02\x28", End::Eof, FailureKind::NoCommonSuite, "no cipher"),
    ("alert 70 and the end", b"\x15\x03\x01\x00\x02\x02\x46", End::Eof, FailureKind::LegacyVersion, "TLS 1.2"),
    ("alert 40 and a reset", b"\x15\x03\x03\x00\x02\x02\x28", End::Reset, FailureKind::NoCommonSuite, "no cipher"),
    ("alert 40 and silence", b"\x15\x03\x03\x00\x02\x02\x28", End::None, FailureKind::NoCommonSuite, "no cipher"),
    ("clear text", b"220 mx.example ESMTP\r\n", End::None, FailureKind::NotTls, "did not answer with TLS"),
    ("clear text and the end", b"454 4.7.0 TLS not available\r\n", End::Eof, FailureKind::NotTls, "did not answer"),
    ("nothing and the end", b"", End::Eof, FailureKind::Dropped, "closed the connection"),
    ("nothing and a reset", b"", End::Reset, FailureKind::Dropped, "was reset"),
    ("half an alert and the end", b"\x15\x03\x03", End::Eof, FailureKind::Dropped, "closed the connection"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    None,
    Eof,
    Reset,
}

#[test]
fn whatever_a_server_does_to_the_first_handshake_is_told_as_a_failure_of_tls() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    for security in ["starttls", "tls"] {
        for (what, bytes, end, kind, word) in ANSWERS {
            for piece in [usize::MAX, 1] {
                let (mut connection, mut seen) = shaking(security, &made);
                for bytes in bytes.chunks(piece) {
                    tell(&mut connection, &mut seen, Arrived::Bytes(bytes));
                }
                let by = Closer::Target;
                match end {
                    End::None => {}
                    End::Eof => tell(&mut connection, &mut seen, Arrived::Relay(FromRelay::Eof {})),
                    End::Reset => {
                        let closed = FromRelay::Closed { by, code: Code::Reset, sent: 0, received: 0 };
                        tell(&mut connection, &mut seen, Arrived::Relay(closed));
                    }
                }
                let session = connection.session();
                let failure = session.record().tls().failure();
                let told = failure.map(|failure| (failure.kind, failure.sentence.contains(word)));
                assert_eq!(told, Some((*kind, true)), "{security}, {what}: {failure:#?}\n{}", session.plain());
                assert_eq!(session.record().tls().stage, Stage::Failed, "{security}, {what}");
                assert_eq!(
                    session.record().ending().map(|ending| ending.how),
                    Some(How::TlsFailed),
                    "{security}, {what}"
                );
                assert!(seen.hung_up, "{security}, {what}");
            }
        }
    }
}

#[test]
fn a_relay_that_goes_away_in_the_handshake_is_no_failure_of_the_servers_tls() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    for code in [Code::Idle, Code::GoingAway] {
        let (mut connection, mut seen) = shaking("starttls", &made);
        let closed = FromRelay::Closed { by: Closer::Relay, code, sent: 0, received: 0 };
        tell(&mut connection, &mut seen, Arrived::Relay(closed));
        let session = connection.session();
        assert_eq!(session.record().ending().map(|ending| ending.how), Some(How::Cut(code)));
        assert_eq!(session.record().tls().failure(), None);
    }
}

#[test]
fn an_old_server_is_asked_once_on_a_second_connection_that_carries_no_secret() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let (mut connection, mut seen) = shaking("starttls", &made);
    tell(&mut connection, &mut seen, Arrived::Bytes(b"\x15\x03\x03\x00\x02\x02\x28"));
    let probe = seen.probe.take().expect("a second connection is asked for");
    assert!(connection.is_probing());
    assert!(probe.tls.probe && probe.tls.client.is_none() && probe.plan.sign_in.is_none() && !probe.attended);
    // A ServerHello of TLS 1.0 to the old client's words.
    let (mut second, mut old) = begun(probe);
    for reply in ["220 mx.example\r\n", "250-mx.example\r\n250 STARTTLS\r\n", "220 go\r\n"] {
        tell(&mut second, &mut old, Arrived::Bytes(reply.as_bytes()));
    }
    tell(&mut second, &mut old, Arrived::Bytes(b"\x15\x03\x01\x00\x02\x02\x46"));
    assert!(old.probe.is_none(), "a probe asks for no other");
    let legacy = second.legacy().cloned().expect("the second connection found something out");
    tell(&mut connection, &mut seen, Arrived::Probed(Some(Box::new(legacy.clone()))));
    assert!(!connection.is_probing() && seen.probe.is_none());
    let kept = connection.session().record().tls().failure().and_then(|failure| failure.legacy.clone());
    assert_eq!(kept, Some(legacy));
}

#[test]
fn a_hang_up_is_told_to_the_server_within_tls_before_the_connection_goes() {
    let made = certificates::make(&certificates::key(&rcgen::PKCS_ECDSA_P256_SHA256), Flaw::None);
    let (mut connection, mut seen) = shaking("tls", &made);
    let mut server = Server::new(&made, true);
    while connection.session().record().tls().stage != Stage::Secured {
        let (back, _) = server.takes(&std::mem::take(&mut seen.sent));
        tell(&mut connection, &mut seen, Arrived::Bytes(&back));
    }
    server.takes(&std::mem::take(&mut seen.sent));
    tell(&mut connection, &mut seen, Arrived::Act(Action::Hangup {}));
    assert!(seen.hung_up);
    server.tls.read_tls(&mut seen.sent.as_slice()).unwrap();
    assert!(server.tls.process_new_packets().unwrap().peer_has_closed(), "a close_notify was sent");
}
