//! What the browser knows: the time, where the page came from, random numbers.

use ehlo_core::machine::{Setup, SocketContext};
use ehlo_core::time::Now;
use gloo_timers::callback::Timeout;
use js_sys::Date;
use web_sys::{Performance, Url, Window};

/// The longest that a browser's timer can wait, in milliseconds.
const LONGEST_WAIT: u64 = i32::MAX as u64;

thread_local! {
    static WINDOW: Option<Window> = web_sys::window();
    static PERFORMANCE: Option<Performance> = WINDOW.with(|window| window.as_ref()?.performance());
}

/// Whole milliseconds on a clock that never goes back.
pub(crate) fn now() -> Now {
    let now = PERFORMANCE.with(|performance| performance.as_ref().map_or_else(Date::now, Performance::now));
    Now(now as u64)
}

/// Does `work` at the moment `at`, or later where the browser gives a hidden page no time; whoever is woken looks at the
/// clock. Dropped before, it never does.
pub(crate) fn at(at: Now, work: impl FnOnce() + 'static) -> Timeout {
    let wait = at.since(now()).clamp(1, LONGEST_WAIT);
    Timeout::new(u32::try_from(wait).unwrap_or(u32::MAX), work)
}

/// Adds to a setup what only the browser knows: date, time zone, and a text unlike any other.
pub(crate) fn complete(setup: &mut Setup) {
    let date = Date::new_0();
    setup.started = Some(date.get_time() as u64);
    setup.offset = -(date.get_timezone_offset() as i32);
    setup.seed = seed();
}

/// 128 random bits, as text.
fn seed() -> String {
    let mut bytes = [0; 16];
    let crypto = WINDOW.with(|window| window.as_ref()?.crypto().ok());
    let drawn = crypto.is_some_and(|crypto| crypto.get_random_values_with_u8_array(&mut bytes).is_ok());
    if !drawn {
        // Only Message-IDs are made of it: the time tells them apart well enough.
        bytes[..8].copy_from_slice(&Date::now().to_bits().to_be_bytes());
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What may explain why a WebSocket did not come about, or did not last.
pub(crate) fn circumstances(relay: &str, reached: bool) -> SocketContext {
    let location = WINDOW.with(|window| Some(window.as_ref()?.location()));
    let told = |part: Option<Result<String, _>>| part.and_then(Result::ok).unwrap_or_default();
    let here = told(location.as_ref().map(web_sys::Location::hostname));
    SocketContext {
        reached,
        page_secure: told(location.as_ref().map(web_sys::Location::protocol)) == "https:",
        relay: relay.to_owned(),
        page_origin: told(location.as_ref().map(web_sys::Location::origin)),
        local_network: Url::new(relay).ok().map(|url| is_near(&url.hostname()) && !is_near(&here)),
    }
}

/// Whether a host is of this machine or of the local network: a page from elsewhere may need the person's leave to call it.
fn is_near(host: &str) -> bool {
    use std::net::IpAddr;
    let name = host.trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    match name.parse() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => name == "localhost" || name.ends_with(".localhost") || name.ends_with(".local"),
    }
}
