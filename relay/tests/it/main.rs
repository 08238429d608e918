//! The relay in process, on free loopback ports, one file a subject.

#[cfg(unix)]
mod acme;
mod behind;
mod bytes;
mod cli;
mod clock;
mod corpus;
mod deadline;
mod dial;
mod dns_servers;
mod first;
mod frames;
mod greeting;
mod hostile;
mod https;
mod limits;
mod log;
mod lookup;
mod metrics;
mod practice;
mod profile;
mod proxied;
mod proxy;
mod rebinding;
mod refused;
#[cfg(unix)]
mod reload;
#[cfg(target_os = "linux")]
mod scale;
mod signed;
mod slow;
#[cfg(unix)]
mod socket;
mod stall;
mod status;
mod stop;
mod support;
mod through;
mod upgrade;
mod zone;

#[cfg(feature = "page")]
mod page;
