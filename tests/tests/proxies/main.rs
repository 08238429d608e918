//! The relay behind the web servers and load balancers that operators have, each with its example configuration; and
//! before the proxies by which it reaches mail servers.

mod caddy;
mod haproxy;
mod nginx;
mod support;
mod through;
