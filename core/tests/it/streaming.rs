//! A big message leaves piece by piece: memory stays bounded, a refusal stops it, and the transcript keeps its ends.

use ehlo_core::case::Case;
use ehlo_core::export::view::Turn;
use ehlo_core::machine::{Action, Input, Output, Session, TypedEnd, WINDOW};
use ehlo_core::setup::{Message, Setup};
use ehlo_core::time::Now;

const MIB: usize = 1024 * 1024;

fn big() -> Vec<u8> {
    let mut message = b"Subject: big\r\n\r\n".to_vec();
    while message.len() < 4 * MIB {
        message.extend_from_slice(b".a line that begins with a dot, so that it is doubled on its way\r\n");
    }
    message
}

/// A session, and what it wants to send.
struct Held {
    session: Session,
    queued: Vec<Vec<u8>>,
    /// How often there was something new to be seen.
    told: u64,
    now: Now,
}

impl Held {
    fn new(plan: &str, message: Vec<u8>) -> Self {
        let mut setup = Setup::from_json(&["{\"practice\":\"accepting\",", plan, "}"].concat()).unwrap();
        setup.plan.message = Message::Bytes(message.into());
        let mut held = Self { session: Session::new(Now(0), setup), queued: Vec::new(), told: 0, now: Now(0) };
        held.input(Input::Opened);
        held
    }

    fn input(&mut self, input: Input<'_>) {
        self.session.handle(self.now, input).unwrap();
        loop {
            match self.session.poll() {
                Output::Send(octets) => self.queued.push(octets),
                Output::Changed => self.told += 1,
                Output::Idle(_) => return,
                _ => {}
            }
        }
    }

    fn says(&mut self, text: &str) {
        self.input(Input::Bytes(text.as_bytes()));
    }

    /// Everything that is queued leaves; the most that was queued at a time, and all of it.
    fn flow(&mut self) -> (usize, Vec<u8>) {
        let (mut most, mut all) = (0, Vec::new());
        while !self.queued.is_empty() {
            most = most.max(self.queued.iter().map(Vec::len).sum());
            let piece = self.queued.remove(0);
            let octets = piece.len() as u64;
            all.extend(piece);
            self.input(Input::Written(octets));
        }
        (most, all)
    }

    /// Runs up to the message.
    fn to_data(plan: &str, offers: &str) -> Self {
        let mut held = Self::new(plan, big());
        held.says("220 mx.example\r\n");
        held.input(Input::Do(Action::Run {}));
        held.says(&["250-mx.example\r\n250 ", offers, "\r\n"].concat());
        held.says("250 ok\r\n");
        held.queued.clear();
        held.says("250 ok\r\n");
        held
    }
}

const PLAN: &str = r#""hello":"c.example","from":"a@c.example","to":["b@mx.example"]"#;

#[test]
fn no_more_of_a_big_message_is_queued_than_the_window_has_room_for() {
    let mut held = Held::to_data(PLAN, "HELP");
    held.queued.clear();
    held.says("354 go\r\n");
    let view = held.session.view();
    let progress = view.progress.expect("a message is on its way");
    assert_eq!((view.turn, progress.sent), (Turn::Server, 0));
    assert!(view.proposal.is_none());
    let total = progress.total;
    let (most, all) = held.flow();
    assert!(most as u64 <= WINDOW + 64, "{most} octets were queued");
    assert_eq!(all.len() as u64, total);
    assert_eq!(ehlo_core::wire::body::received(&all), big());
    assert!(held.session.view().progress.is_none());
    let kept: usize = held.session.record().transcript().entries().iter().map(|entry| entry.bytes.len()).sum();
    assert!(kept < 100 * 1024, "{kept} octets are kept");
    held.says("250 2.0.0 Ok: queued as 4Xy1Zz2abc\r\n");
    assert_eq!(held.session.summary().queue_id.as_deref(), Some("4Xy1Zz2abc"));
}

#[test]
fn a_page_is_told_of_a_big_message_ten_times_a_second_and_of_its_end() {
    let mut held = Held::to_data(PLAN, "HELP");
    held.queued.clear();
    held.says("354 go\r\n");
    held.told = 0;
    for milliseconds in 0_u64.. {
        if held.queued.is_empty() {
            assert!(
                (milliseconds / 100..milliseconds / 100 + 3).contains(&held.told),
                "{} of {milliseconds}",
                held.told
            );
            break;
        }
        let octets = held.queued.remove(0).len() as u64;
        held.now = Now(1_000 + milliseconds);
        held.input(Input::Written(octets - 1));
        held.input(Input::Written(1));
    }
    assert!(held.session.view().progress.is_none());
}

#[test]
fn an_export_of_a_big_message_says_what_it_leaves_out_and_is_read_as_the_same() {
    for (plan, offers, go) in [
        (PLAN.to_owned(), "HELP", "354 go\r\n"),
        ([PLAN, r#","chunking":true,"chunk":20000000"#].concat(), "CHUNKING", ""),
    ] {
        let mut held = Held::to_data(&plan, offers);
        if !go.is_empty() {
            held.queued.clear();
            held.says(go);
        }
        held.flow();
        held.says("250 ok\r\n");
        let exported = held.session.talk().to_string();
        assert!(exported.contains("\n@ omitted ") && exported.len() < 200 * 1024, "{} octets", exported.len());
        let again = Case::open(&exported).unwrap();
        assert_eq!(again.talk().to_string(), exported);
        assert_eq!(again.plain(), held.session.plain());
        assert_eq!(again.summary(), held.session.summary());
        assert_eq!(again.record.transcript().sent, held.session.record().transcript().sent);
    }
}

#[test]
fn a_refusal_in_the_middle_stops_the_message_and_the_plan_hangs_up() {
    let mut held = Held::to_data(PLAN, "HELP");
    held.queued.clear();
    held.says("354 go\r\n");
    held.queued.clear();
    held.says("552 5.3.4 too big\r\n");
    assert!(held.session.view().progress.is_none() && held.queued.is_empty());
    held.input(Input::Written(WINDOW));
    assert!(held.queued.is_empty(), "nothing more is sent");
    assert!(held.session.summary().sentence.contains("552 5.3.4"), "{}", held.session.summary().sentence);
    held.input(Input::Do(Action::Next {}));
    assert!(held.session.record().ending().is_some());
    let exported = held.session.talk().to_string();
    assert_eq!(Case::open(&exported).unwrap().talk().to_string(), exported);
}

#[test]
fn a_message_on_its_way_can_be_cancelled_and_nothing_else_can_be_said() {
    let mut held = Held::to_data(PLAN, "HELP");
    held.says("354 go\r\n");
    let send = Action::Send { line: "QUIT".into(), end: TypedEnd::CrLf };
    let mistake = held.session.handle(Now(0), Input::Do(send)).unwrap_err();
    assert_eq!(mistake.field, "do");
    assert!(mistake.message.contains("hang up"), "{mistake}");
    held.input(Input::Do(Action::Hangup {}));
    assert!(held.session.record().ending().is_some() && held.session.view().progress.is_none());
}

#[test]
fn a_message_within_the_window_leaves_in_one_go_without_a_word_of_the_driver() {
    let mut held = Held::new(PLAN, vec![b'x'; 200 * 1024]);
    held.says("220 mx.example\r\n");
    held.input(Input::Do(Action::Run {}));
    held.says("250 mx.example\r\n");
    held.says("250 ok\r\n");
    held.says("250 ok\r\n");
    held.queued.clear();
    held.says("354 go\r\n");
    assert_eq!(held.queued.iter().map(Vec::len).sum::<usize>(), 200 * 1024 + 5);
    assert_eq!(held.session.view().progress, None);
}
