//! The way to the practice server inside the page.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use ehlo_core::json::Mistake;
use ehlo_core::machine::Closed;
use ehlo_core::practice::{Input, Memory, Output, Personality, Practice};
use ehlo_core::time::Now;
use gloo_timers::callback::Timeout;

use crate::bell::Bell;
use crate::browser;
use crate::event::{Event, Report};

/// A practice server; it is the same one for as long as the page is open.
pub(crate) type Server = Rc<RefCell<Practice>>;

thread_local! {
    /// The last connection of each: it remembers whom it has greylisted.
    static SERVERS: RefCell<Vec<(Personality, Server)>> = const { RefCell::new(Vec::new()) };
}

/// A new connection to the server of this name.
///
/// # Errors
/// There is no such server.
pub(crate) fn server(name: &str) -> Result<Server, Mistake> {
    let personality = Personality::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Personality::ALL.into_iter().map(Personality::name).collect();
        let message = format!("no practice server is called {name:?}; there are {}", names.join(", "));
        Mistake { field: "practice".to_owned(), message }
    })?;
    Ok(SERVERS.with_borrow_mut(|all| {
        let before = all.iter().position(|(one, _)| *one == personality).map(|at| all.swap_remove(at));
        let memory = before.map_or_else(Memory::default, |(_, last)| last.borrow().memory().clone());
        let server = Rc::new(RefCell::new(Practice::new(personality, memory)));
        all.push((personality, Rc::clone(&server)));
        server
    }))
}

/// What is to be done in a task of its own, as it would come from a network.
enum Work {
    Open,
    ToServer(Vec<u8>),
    FromServer(Vec<u8>),
    End,
}

/// A connection to a practice server.
pub(crate) struct Practising(Rc<Inner>);

struct Inner {
    server: Server,
    report: Report,
    work: RefCell<VecDeque<Work>>,
    is_over: Cell<bool>,
    bell: OnceCell<Bell>,
    timer: RefCell<Option<Timeout>>,
    me: Weak<Self>,
}

impl Practising {
    pub(crate) fn open(server: Server, report: Report) -> Self {
        let inner = Rc::new_cyclic(|me| Inner {
            server,
            report,
            work: RefCell::default(),
            is_over: Cell::new(false),
            bell: OnceCell::new(),
            timer: RefCell::default(),
            me: Weak::clone(me),
        });
        let me = inner.me.clone();
        let heard = move || {
            if let Some(inner) = me.upgrade() {
                inner.next();
            }
        };
        // It is set once.
        let _ = inner.bell.set(Bell::new(heard));
        inner.later(Work::Open);
        Self(inner)
    }

    pub(crate) fn send(&self, bytes: Vec<u8>) {
        self.0.later(Work::ToServer(bytes));
    }

    pub(crate) fn close(&self) {
        if !self.0.is_over.get() {
            self.0.server.borrow_mut().handle(browser::now(), Input::Closed);
            self.0.end();
        }
    }
}

impl Inner {
    fn later(&self, work: Work) {
        self.work.borrow_mut().push_back(work);
        if let Some(bell) = self.bell.get() {
            bell.ring();
        }
    }

    fn next(&self) {
        let Some(work) = self.work.borrow_mut().pop_front() else { return };
        match work {
            Work::Open => {
                (self.report)(Event::Opened);
                self.serve(Input::Opened);
            }
            Work::ToServer(bytes) => {
                self.serve(Input::Bytes(&bytes));
                (self.report)(Event::Left(bytes.len() as u64));
            }
            Work::FromServer(bytes) => (self.report)(Event::Bytes(bytes)),
            Work::End => (self.report)(Event::Closed(Closed::Practice)),
        }
    }

    fn serve(&self, input: Input<'_>) {
        if self.is_over.get() {
            return;
        }
        self.server.borrow_mut().handle(browser::now(), input);
        loop {
            let next = self.server.borrow_mut().poll();
            match next {
                Output::Send(bytes) => self.later(Work::FromServer(bytes)),
                Output::Hangup => return self.end(),
                Output::Idle(due) => return self.wake_at(due),
            }
        }
    }

    fn wake_at(&self, due: Option<Now>) {
        let me = self.me.clone();
        let ring = move || {
            let Some(inner) = me.upgrade() else { return };
            let rung = inner.timer.take();
            inner.serve(Input::Tick);
            drop(rung);
        };
        *self.timer.borrow_mut() = due.map(|due| browser::at(due, ring));
    }

    fn end(&self) {
        self.is_over.set(true);
        self.timer.take();
        self.later(Work::End);
    }
}
