//! The relay in process, on free loopback ports, one file a subject.

mod behind;
mod bytes;
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
mod lookup;
mod metrics;
mod practice;
mod profile;
mod proxied;
mod proxy;
mod rebinding;
mod refused;
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
