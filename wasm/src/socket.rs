//! The WebSocket to a relay. It takes bytes no faster than they leave for the network, and ends once, however it ends.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use ehlo_core::machine::Closed;
use ehlo_core::time::Now;
use ehlo_core::tunnel::{FromRelay, SUBPROTOCOL};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::JsCast as _;
use web_sys::{BinaryType, CloseEvent, Event as DomEvent, MessageEvent, WebSocket};

use crate::bell::Bell;
use crate::browser;
use crate::event::{Event, Report};

/// The most bytes of one message.
const PIECE: usize = 32 * 1024;
/// The browser is given no more while so many bytes wait in it.
const ENOUGH_WAITING: u32 = 256 * 1024;
/// While bytes flow it is looked at once a task; when none have left for so many milliseconds, less often.
const FLOWS: u64 = 8;
const LOOK_AGAIN: u64 = 4;
/// How long a relay may take to answer that it is closed, in milliseconds; a browser would wait for a minute.
const CLOSE_PATIENCE: u64 = 1_500;
/// The close codes for an ordinary end, and for an end without any (RFC 6455 §7.4.1).
const DONE: u16 = 1_000;
const ABNORMAL: u16 = 1_006;

/// Something to be sent.
enum Message {
    /// A word for the relay.
    Text(String),
    /// Bytes for the mail server, and how many of them are sent.
    Bytes(Vec<u8>, usize),
}

/// A connection through a relay.
pub(crate) struct Socket(Rc<Inner>);

struct Inner {
    /// None where the browser did not even try.
    socket: Option<WebSocket>,
    address: String,
    report: Report,
    is_reached: Cell<bool>,
    is_over: Cell<bool>,
    queue: RefCell<VecDeque<Message>>,
    /// Bytes that the browser was given, and bytes that have left it.
    given: Cell<u64>,
    left: Cell<u64>,
    /// When bytes were last seen to leave.
    moved: Cell<Now>,
    is_watching: Cell<bool>,
    bell: OnceCell<Bell>,
    listeners: RefCell<Vec<EventListener>>,
    /// For the next look, and for the end of patience.
    look: RefCell<Option<Timeout>>,
    patience: RefCell<Option<Timeout>>,
    me: Weak<Self>,
}

impl Socket {
    /// Calls the relay at this `ws:` or `wss:` address.
    pub(crate) fn open(address: &str, report: Report) -> Self {
        // An address that the browser does not even try, such as ws: from an https page, is an error here.
        let socket = WebSocket::new_with_str(address, SUBPROTOCOL).ok();
        let inner = Rc::new_cyclic(|me| Inner {
            socket,
            address: address.to_owned(),
            report,
            is_reached: Cell::new(false),
            is_over: Cell::new(false),
            queue: RefCell::default(),
            given: Cell::new(0),
            left: Cell::new(0),
            moved: Cell::new(Now(0)),
            is_watching: Cell::new(false),
            bell: OnceCell::new(),
            listeners: RefCell::default(),
            look: RefCell::default(),
            patience: RefCell::default(),
            me: me.clone(),
        });
        // It is set once.
        let _ = inner.bell.set(Bell::new(inner.later(Inner::watch)));
        inner.listen();
        Self(inner)
    }

    pub(crate) fn send(&self, bytes: Vec<u8>) {
        self.0.push(Message::Bytes(bytes, 0));
    }

    pub(crate) fn control(&self, text: String) {
        self.0.push(Message::Text(text));
    }

    /// Closes in order; what comes until the relay has answered is still told.
    pub(crate) fn close(&self) {
        let Some(socket) = &self.0.socket else { return };
        // The code and the reason are of the kind that may be sent.
        let _ = socket.close_with_code_and_reason(DONE, "done");
        let end = self.0.later(|inner| inner.close(DONE));
        *self.0.patience.borrow_mut() = Some(browser::at(Now(browser::now().0 + CLOSE_PATIENCE), end));
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.as_ref().filter(|_| !self.is_over.get()) {
            // Nobody is left to be told how it went.
            let _ = socket.close();
        }
    }
}

impl Inner {
    /// `work` as a call for later, which does nothing once the socket is gone.
    fn later(&self, work: impl Fn(&Self) + 'static) -> impl Fn() + 'static {
        let me = self.me.clone();
        move || {
            if let Some(inner) = me.upgrade() {
                work(&inner);
            }
        }
    }

    fn listen(&self) {
        let Some(socket) = &self.socket else {
            let end = self.later(|inner| inner.close(ABNORMAL));
            *self.patience.borrow_mut() = Some(browser::at(browser::now(), end));
            return;
        };
        socket.set_binary_type(BinaryType::Arraybuffer);
        let hear = |name: &'static str, heard: fn(&Self, &DomEvent)| {
            let me = self.me.clone();
            EventListener::new(socket, name, move |event| {
                if let Some(inner) = me.upgrade() {
                    heard(&inner, event);
                }
            })
        };
        // An error is always followed by a close, which says as much.
        let listeners = vec![
            hear("open", |inner, _| inner.opened()),
            hear("message", |inner, event| inner.heard(event)),
            hear("close", |inner, event| {
                let code = event.dyn_ref::<CloseEvent>().map_or(0, CloseEvent::code);
                inner.close(if code == 0 { ABNORMAL } else { code });
            }),
        ];
        *self.listeners.borrow_mut() = listeners;
    }

    fn opened(&self) {
        if !self.is_over.get() {
            self.is_reached.set(true);
            (self.report)(Event::Reached);
        }
    }

    fn heard(&self, event: &DomEvent) {
        if self.is_over.get() {
            return;
        }
        let Some(data) = event.dyn_ref::<MessageEvent>().map(MessageEvent::data) else { return };
        if let Some(text) = data.as_string() {
            // A message that cannot be read is of a relay that knows more: it is passed over.
            if let Ok(message) = FromRelay::from_json(&text) {
                (self.report)(Event::Relay(message));
            }
        } else if let Some(buffer) = data.dyn_ref::<ArrayBuffer>() {
            (self.report)(Event::Bytes(Uint8Array::new(buffer).to_vec()));
        }
    }

    fn close(&self, code: u16) {
        if self.is_over.replace(true) {
            return;
        }
        self.queue.borrow_mut().clear();
        self.look.take();
        let context = browser::circumstances(&self.address, self.is_reached.get());
        (self.report)(Event::Closed(Closed::Socket { code, context }));
    }

    fn push(&self, message: Message) {
        if !self.is_over.get() {
            self.queue.borrow_mut().push_back(message);
            self.flush();
        }
    }

    fn flush(&self) {
        while self.gives_one() {}
        if !self.is_watching.get() && self.has_more() {
            self.is_watching.set(true);
            self.moved.set(browser::now());
            self.ring();
        }
    }

    /// Gives the browser one message, if there is one and it has room.
    fn gives_one(&self) -> bool {
        let Some(socket) = &self.socket else { return false };
        if socket.ready_state() != WebSocket::OPEN || socket.buffered_amount() > ENOUGH_WAITING {
            return false;
        }
        let Some(message) = self.queue.borrow_mut().pop_front() else { return false };
        match message {
            Message::Text(text) => {
                // An open socket refuses nothing; one that is being closed loses what comes after.
                let _ = socket.send_with_str(&text);
            }
            Message::Bytes(bytes, from) => {
                let upto = bytes.len().min(from + PIECE);
                let _ = socket.send_with_u8_array(&bytes[from..upto]);
                self.given.set(self.given.get() + (upto - from) as u64);
                if upto < bytes.len() {
                    self.queue.borrow_mut().push_front(Message::Bytes(bytes, upto));
                }
            }
        }
        true
    }

    /// Whether anything waits, here or in the browser.
    fn has_more(&self) -> bool {
        self.left < self.given || !self.queue.borrow().is_empty()
    }

    fn ring(&self) {
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
    }

    /// There is no event for bytes that have left: one has to look. Closely while they flow, now and then while they do not.
    fn watch(&self) {
        let Some(socket) = &self.socket else { return };
        if self.is_over.get() {
            return;
        }
        let left = self.given.get().saturating_sub(u64::from(socket.buffered_amount()));
        if left > self.left.get() {
            let bytes = left - self.left.replace(left);
            self.moved.set(browser::now());
            (self.report)(Event::Left(bytes));
        }
        self.flush();
        if !self.has_more() {
            self.is_watching.set(false);
        } else if browser::now().since(self.moved.get()) < FLOWS {
            self.ring();
        } else {
            let look = self.later(Self::watch);
            *self.look.borrow_mut() = Some(browser::at(Now(browser::now().0 + LOOK_AGAIN), look));
        }
    }
}
