//! The relay in process, on free loopback ports, one file a subject.

mod behind;
mod bytes;
mod cli;
mod clock;
mod dial;
mod first;
mod greeting;
mod hostile;
mod limits;
mod log;
mod lookup;
mod practice;
mod profile;
mod proxy;
mod refused;
#[cfg(unix)]
mod reload;
mod stall;
mod stop;
mod support;
mod upgrade;
mod zone;

#[cfg(feature = "page")]
mod page;
