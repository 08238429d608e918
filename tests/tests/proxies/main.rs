//! The relay behind the web servers and load balancers that operators have, each with its example configuration.

mod caddy;
mod haproxy;
mod nginx;
mod support;
