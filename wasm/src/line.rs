//! Drives one machine of the core over one way to the mail server: what happens goes in, with the time; what is to be done
//! comes out, and is done. It serves one connection and is never used again.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use ehlo_core::json::Mistake;
use ehlo_core::machine::Setup;
use ehlo_core::machine::connection::{Arrived, Connection, Do};
use ehlo_core::time::Now;
use gloo_timers::callback::Timeout;

use crate::event::{Event, Report};
use crate::practice::Practising;
use crate::socket::Socket;
use crate::{browser, fault};

/// A machine of the core, which does no I/O.
pub(crate) trait Machine: 'static {
    fn handle(&mut self, now: Now, arrived: Arrived<'_>) -> Result<(), Mistake>;
    fn poll(&mut self) -> Do;
}

impl Machine for Connection {
    fn handle(&mut self, now: Now, arrived: Arrived<'_>) -> Result<(), Mistake> {
        Self::handle(self, now, arrived)
    }

    fn poll(&mut self) -> Do {
        Self::poll(self)
    }
}

/// What the machine asks for that is no business of the line's.
pub(crate) enum Told {
    /// What is to be seen has changed.
    Changed,
    /// A second connection with this setup is wanted.
    Probe(Box<Setup>),
    /// It is no longer wanted.
    EndProbe,
}

/// Carries bytes to the mail server, and reports what comes.
pub(crate) enum Way {
    Relay(Socket),
    Practice(Practising),
}

impl Way {
    fn send(&self, bytes: Vec<u8>) {
        match self {
            Self::Relay(socket) => socket.send(bytes),
            Self::Practice(server) => server.send(bytes),
        }
    }

    fn control(&self, text: String) {
        if let Self::Relay(socket) = self {
            socket.control(text);
        }
    }

    fn close(&self) {
        match self {
            Self::Relay(socket) => socket.close(),
            Self::Practice(server) => server.close(),
        }
    }
}

/// A machine with its way, its timer, and what is told of it. Dropped, it leaves nothing behind: no timer, no listener,
/// no open socket.
pub(crate) struct Line<M: Machine>(Rc<Inner<M>>);

struct Inner<M> {
    machine: RefCell<M>,
    way: RefCell<Option<Way>>,
    timer: RefCell<Option<(Now, Timeout)>>,
    /// What happened while something else was being handled.
    held: RefCell<VecDeque<Event>>,
    is_busy: Cell<bool>,
    suspicion: RefCell<Option<Timeout>>,
    tell: Box<dyn Fn(Told)>,
    me: Weak<Self>,
}

impl<M: Machine> Line<M> {
    /// `tell` is called when the machine is at rest, so it may look at it, and hand it more.
    pub(crate) fn new(machine: M, tell: impl Fn(Told) + 'static) -> Self {
        Self(Rc::new_cyclic(|me| Inner {
            machine: RefCell::new(machine),
            way: RefCell::default(),
            timer: RefCell::default(),
            held: RefCell::default(),
            is_busy: Cell::new(false),
            suspicion: RefCell::default(),
            tell: Box::new(tell),
            me: me.clone(),
        }))
    }

    /// Takes the way that `open` opens, and begins.
    pub(crate) fn start(&self, open: impl FnOnce(Report) -> Way) {
        let me = self.0.me.clone();
        let way = open(Rc::new(move |event| {
            if let Some(inner) = me.upgrade() {
                // Only what a person does can be a mistake.
                let _ = inner.feed(event);
            }
        }));
        *self.0.way.borrow_mut() = Some(way);
        self.0.work();
    }

    /// Hands something to the machine.
    ///
    /// # Errors
    /// The person's mistake.
    pub(crate) fn feed(&self, event: Event) -> Result<(), Mistake> {
        self.0.feed(event)
    }

    /// Looks at the machine.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&M) -> T) -> T {
        look(&self.0.machine.borrow())
    }

    /// Lets go of the way and of the timer, without a word to the machine.
    pub(crate) fn stop(&self) {
        self.0.way.take();
        self.0.timer.take();
    }
}

impl<M: Machine> Inner<M> {
    fn feed(&self, event: Event) -> Result<(), Mistake> {
        if self.is_busy.replace(true) {
            self.held.borrow_mut().push_back(event);
            self.suspect();
            return Ok(());
        }
        let mut told = Vec::new();
        let result = self.handle(event, &mut told);
        while let Some(event) = self.next_held() {
            // What was held happened by itself.
            let _ = self.handle(event, &mut told);
        }
        self.is_busy.set(false);
        self.suspicion.take();
        told.into_iter().for_each(&self.tell);
        result
    }

    /// In a later task nothing can still be being handled, unless a call broke off in the middle.
    fn suspect(&self) {
        let me = self.me.clone();
        let look = move || {
            if me.upgrade().is_some_and(|inner| inner.is_busy.get()) {
                fault::tell("a call of the core did not come to its end");
            }
        };
        self.suspicion.borrow_mut().get_or_insert_with(|| Timeout::new(0, look));
    }

    fn next_held(&self) -> Option<Event> {
        self.held.borrow_mut().pop_front()
    }

    /// Does what the machine has asked for already.
    fn work(&self) {
        let mut told = Vec::new();
        if !self.is_busy.replace(true) {
            self.drain(&mut told);
            self.is_busy.set(false);
        }
        told.into_iter().for_each(&self.tell);
    }

    fn handle(&self, event: Event, told: &mut Vec<Told>) -> Result<(), Mistake> {
        let bytes;
        let arrived = match event {
            Event::Reached => Arrived::Reached,
            Event::Opened => Arrived::Opened,
            Event::Relay(message) => Arrived::Relay(message),
            Event::Bytes(some) => {
                bytes = some;
                Arrived::Bytes(&bytes)
            }
            Event::Closed(closed) => Arrived::Closed(closed),
            Event::Left(bytes) => Arrived::Left(bytes),
            Event::Probed(legacy) => Arrived::Probed(legacy),
            Event::Tick => Arrived::Tick,
            Event::Act(action) => Arrived::Act(action),
        };
        let result = self.machine.borrow_mut().handle(browser::now(), arrived);
        self.drain(told);
        result
    }

    fn drain(&self, told: &mut Vec<Told>) {
        loop {
            let next = self.machine.borrow_mut().poll();
            match next {
                Do::Send(bytes) => self.on_way(|way| way.send(bytes)),
                Do::Control(message) => self.on_way(|way| way.control(message.to_json())),
                Do::Hangup => self.on_way(Way::close),
                Do::Changed => told.push(Told::Changed),
                Do::Probe(setup) => told.push(Told::Probe(setup)),
                Do::EndProbe => told.push(Told::EndProbe),
                Do::Idle(due) => return self.wake_at(due),
            }
        }
    }

    fn on_way(&self, work: impl FnOnce(&Way)) {
        if let Some(way) = &*self.way.borrow() {
            work(way);
        }
    }

    fn wake_at(&self, due: Option<Now>) {
        let mut timer = self.timer.borrow_mut();
        if due.is_some() && timer.as_ref().map(|(at, _)| *at) == due {
            return;
        }
        *timer = due.map(|due| (due, self.alarm(due)));
    }

    fn alarm(&self, due: Now) -> Timeout {
        let me = self.me.clone();
        browser::at(due, move || {
            let Some(inner) = me.upgrade() else { return };
            // It has rung: the next one is another, even for the same moment.
            let rung = inner.timer.take();
            let _ = inner.feed(Event::Tick);
            drop(rung);
        })
    }
}
