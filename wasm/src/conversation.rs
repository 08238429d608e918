//! One live conversation, as the page has it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use ehlo_core::case::Case;
use ehlo_core::export::patch::Patches;
use ehlo_core::json::Mistake;
use ehlo_core::machine::connection::Connection;
use ehlo_core::machine::{Action, Session, Setup};
use ehlo_core::reading::{lint, meaning};
use ehlo_core::setup::Message;
use js_sys::Function;
use wasm_bindgen::prelude::*;

use crate::event::Event;
use crate::line::{Line, Told, Way};
use crate::practice::{self, Practising, Server};
use crate::socket::Socket;
use crate::{browser, export, thrown, to_json};

/// A conversation over one connection. Freed, it lets go of the connection and leaves nothing behind.
///
/// Where something changes `changed` is called once; what has changed is then told by [`Self::changes`].
#[wasm_bindgen]
pub struct Conversation {
    talk: Rc<Talk>,
    /// The practice server, until it is called.
    practice: RefCell<Option<Server>>,
}

struct Talk {
    line: Line<Connection>,
    /// The second connection that asks an old server what it would agree to.
    probe: RefCell<Option<Line<Connection>>>,
    relay: String,
    patches: RefCell<Patches>,
    /// None once all is over: the page's objects, which it holds, can then be forgotten.
    changed: RefCell<Option<Function>>,
    /// Whether [`Self::changed`] was called and the page has not asked yet.
    is_told: Cell<bool>,
    me: Weak<Self>,
}

#[wasm_bindgen]
impl Conversation {
    /// A conversation set up by JSON, which has not begun. `message` is the message byte for byte, in place of the setup's;
    /// `relay` is the address of the relay's WebSocket.
    ///
    /// # Errors
    /// JSON `{field, message}`: what is wrong with the setup.
    #[wasm_bindgen(constructor)]
    pub fn new(setup: &str, message: Option<Vec<u8>>, relay: &str, changed: Function) -> Result<Self, JsValue> {
        let mut setup = Setup::from_json(setup).map_err(|mistake| thrown(&mistake))?;
        if let Some(bytes) = message {
            setup.plan.message = Message::Bytes(bytes.into());
        }
        browser::complete(&mut setup);
        let practice = setup.practice.as_deref().map(practice::server).transpose();
        let practice = RefCell::new(practice.map_err(|mistake| thrown(&mistake))?);
        let talk = Rc::new_cyclic(|me: &Weak<Talk>| {
            let told = me.clone();
            let line = Line::new(Connection::new(browser::now(), setup), move |what| {
                if let Some(talk) = told.upgrade() {
                    talk.told(what);
                }
            });
            Talk {
                line,
                probe: RefCell::default(),
                relay: relay.to_owned(),
                patches: RefCell::default(),
                changed: RefCell::new(Some(changed)),
                is_told: Cell::new(false),
                me: me.clone(),
            }
        });
        Ok(Self { talk, practice })
    }

    /// Connects. Once.
    pub fn start(&self) {
        let practice = self.practice.take();
        self.talk.line.start(|report| match practice {
            Some(server) => Way::Practice(Practising::open(server, report)),
            None => Way::Relay(Socket::open(&self.talk.relay, report)),
        });
    }

    /// The person does something, as JSON.
    ///
    /// # Errors
    /// JSON `{field, message}`: what cannot be done, and why.
    pub fn act(&self, action: &str) -> Result<(), JsValue> {
        self.take(Action::from_json(action))
    }

    /// Sends a message byte for byte; only its dots are doubled, and the final dot is added.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub fn send_message(&self, bytes: Vec<u8>) -> Result<(), JsValue> {
        self.take(Ok(Action::MessageBytes { bytes }))
    }

    /// What has changed since the last call, as JSON: see `ehlo_core::export::patch`.
    pub fn changes(&self) -> String {
        self.talk.is_told.set(false);
        self.session(|session| self.talk.patches.borrow_mut().next(session))
    }

    /// Whether a second connection is asking the server what it would agree to, because the handshake failed.
    #[wasm_bindgen(getter)]
    pub fn probing(&self) -> bool {
        self.talk.line.with(Connection::is_probing)
    }

    /// What a reply means, as JSON; `null` if there is no such reply.
    pub fn meaning(&self, reply: usize) -> String {
        self.case(|case| to_json(&meaning::of(case, reply)))
    }

    /// Advice on a line before it is sent, as JSON.
    pub fn lint(&self, line: &str) -> String {
        self.case(|case| to_json(&lint::lint(case, line)))
    }

    /// Completions of what is typed, as JSON.
    pub fn complete(&self, typed: &str) -> String {
        self.case(|case| to_json(&lint::complete(case, typed)))
    }

    /// Whether a line is a secret, to be kept out of history and storage.
    pub fn is_secret(&self, line: &str) -> bool {
        self.case(|case| case.record.is_secret(line))
    }

    /// The conversation as text: `markdown`, `json`, or else `talk`.
    pub fn export(&self, format: &str) -> String {
        self.case(|case| export(case, format))
    }

    /// The conversation as plain data for scripts, as JSON.
    pub fn result(&self) -> String {
        self.case(|case| to_json(&case.report()))
    }

    /// Lets go of the connection without another word, after a fault.
    pub fn stop(&self) {
        self.talk.line.stop();
        self.talk.probe.take();
    }

    fn take(&self, action: Result<Action, Mistake>) -> Result<(), JsValue> {
        let taken = action.and_then(|action| self.talk.line.feed(Event::Act(action)));
        taken.map_err(|mistake| thrown(&mistake))
    }

    fn case<T>(&self, look: impl FnOnce(&Case) -> T) -> T {
        self.session(|session| look(session.case()))
    }

    fn session<T>(&self, look: impl FnOnce(&Session) -> T) -> T {
        self.talk.line.with(|connection| look(connection.session()))
    }
}

impl Talk {
    fn told(&self, what: Told) {
        match what {
            Told::Changed => self.tell(),
            Told::Probe(setup) => self.probe(*setup),
            Told::EndProbe => drop(self.probe.take()),
        }
    }

    /// One call for all that has changed until the page asks.
    fn tell(&self) {
        if !self.is_told.replace(true) {
            let is_over = self.line.with(|one| one.session().record().is_over() && !one.is_probing());
            let changed = if is_over { self.changed.take() } else { self.changed.borrow().clone() };
            if let Some(changed) = changed {
                // Whoever is called handles what goes wrong there.
                let _ = changed.call0(&JsValue::NULL);
            }
        }
    }

    fn probe(&self, mut setup: Setup) {
        browser::complete(&mut setup);
        let me = self.me.clone();
        let line = Line::new(Connection::new(browser::now(), setup), move |what| {
            if let (Told::Changed, Some(talk)) = (what, me.upgrade()) {
                talk.look_at_probe();
            }
        });
        line.start(|report| Way::Relay(Socket::open(&self.relay, report)));
        *self.probe.borrow_mut() = Some(line);
    }

    fn look_at_probe(&self) {
        let over = |probe: &Line<Connection>| {
            probe.with(|connection| {
                connection.session().record().is_over().then(|| connection.legacy().cloned().map(Box::new))
            })
        };
        let Some(legacy) = self.probe.borrow().as_ref().and_then(over) else { return };
        self.probe.take();
        // What happens by itself is never a mistake.
        let _ = self.line.feed(Event::Probed(legacy));
    }
}
