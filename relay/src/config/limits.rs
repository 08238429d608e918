//! Every number and time that bounds what one session, one client and all together may take.

use std::time::Duration;

use super::profile::Profile;

/// The bounds of a relay; [`Limits::default`] is the personal profile's.
///
/// Rates there are wide, since the only client is the person at this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The time from a connection to the head of its first request, PROXY header included, and from each answer to the next
    /// head; with TLS the first has twice as long.
    pub http_head: Duration,
    /// The time from the upgrade to the page's first message.
    pub first_message: Duration,
    /// The time for the DNS to answer.
    pub resolve: Duration,
    /// The time to connect to one address.
    pub connect_each: Duration,
    /// The time to connect to any of them.
    pub connect_all: Duration,
    /// The most addresses of one name that are tried.
    pub connect_addresses: usize,
    /// The most that a connection that stands waits for the name of the relay's own address.
    pub local_name: Duration,
    /// The time without a byte either way; RFC 5321 §4.5.3.2.6 gives the final dot 10 minutes.
    pub idle: Duration,
    /// The time without a byte once the target has closed its side.
    pub half_closed: Duration,
    /// The time between two look-ups on one WebSocket.
    pub next_lookup: Duration,
    /// The age at which a session ends.
    pub lifetime: Duration,
    /// The time between two pings to the page.
    pub ping: Duration,
    /// So many pings may go unanswered.
    pub pings_unanswered: u32,
    /// The octets from page to target.
    pub sent: u64,
    /// The octets from target to page.
    pub received: u64,
    /// Connections that are still HTTP, all together.
    pub connections: usize,
    /// Connections that are still HTTP, of one client; a trusted proxy is none.
    pub connections_per_client: usize,
    /// The time that a connection may be HTTP: whoever does not read must not hold its place for ever.
    pub http: Duration,
    /// Sessions, all together.
    pub sessions: usize,
    /// Sessions at once of one client: an IPv4 address or an IPv6 /64. An IPv6 /48 has four times the limits of a client.
    pub sessions_per_client: usize,
    /// Sessions a minute of one client.
    pub sessions_per_minute: u32,
    /// Sessions of one client that may come in a row.
    pub sessions_burst: u32,
    /// Look-ups a minute of one client.
    pub lookups_per_minute: u32,
    /// Connections at once to one target address.
    pub at_once_per_target: usize,
    /// Connections a minute to one target address.
    pub per_minute_per_target: u32,
    /// Sessions of one client in 24 hours.
    pub sessions_per_day: Option<u32>,
    /// Octets to targets of one client in 24 hours.
    pub octets_per_day: Option<u64>,
    /// Connections of one client to one target address in 24 hours.
    pub per_day_to_target: Option<u32>,
    /// The time that sessions have to end by themselves when the relay is stopped.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const fn minutes(n: u64) -> Duration {
            Duration::from_secs(60 * n)
        }
        Self {
            http_head: Duration::from_secs(10),
            first_message: Duration::from_secs(10),
            resolve: Duration::from_secs(5),
            connect_each: Duration::from_secs(10),
            connect_all: Duration::from_secs(30),
            connect_addresses: 4,
            local_name: Duration::from_millis(500),
            idle: minutes(11),
            half_closed: Duration::from_secs(30),
            next_lookup: minutes(1),
            lifetime: minutes(60),
            ping: Duration::from_secs(25),
            pings_unanswered: 2,
            sent: 64 << 20,
            received: 64 << 20,
            connections: 256,
            connections_per_client: 256,
            http: minutes(2),
            sessions: 1000,
            sessions_per_client: 200,
            sessions_per_minute: 600,
            sessions_burst: 300,
            lookups_per_minute: 600,
            at_once_per_target: 16,
            per_minute_per_target: 600,
            sessions_per_day: None,
            octets_per_day: None,
            per_day_to_target: None,
            grace: Duration::from_secs(1),
        }
    }
}

impl Limits {
    /// The bounds of a profile: where others than the person at this machine come, a client has few sessions, since a
    /// person who tests needs few, and a scanner or a spammer many.
    pub fn of(profile: Profile) -> Self {
        let others = Self {
            received: 4 << 20,
            connections_per_client: 32,
            sessions_per_client: 8,
            sessions_per_minute: 30,
            sessions_burst: 10,
            lookups_per_minute: 60,
            per_minute_per_target: 60,
            grace: Duration::from_secs(30),
            ..Self::default()
        };
        match profile {
            Profile::Personal => Self::default(),
            Profile::Intranet => others,
            Profile::Public => Self {
                sent: 1 << 20,
                sessions_per_day: Some(100),
                octets_per_day: Some(16 << 20),
                per_day_to_target: Some(20),
                ..others
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures of SECURITY.md.
    #[test]
    fn what_a_client_of_a_public_relay_may_do_at_worst_is_what_is_told() {
        let limits = Limits::of(Profile::Public);
        let sessions = u64::from(limits.sessions_per_day.unwrap());
        let octets = limits.octets_per_day.unwrap();
        assert_eq!((sessions, octets >> 20, limits.sent >> 20, limits.per_day_to_target), (100, 16, 1, Some(20)));
        // Each conversation may begin with what is left of the day, so those that run at once may carry it further.
        let at_once = limits.sessions_per_client as u64;
        assert_eq!((octets + (at_once - 1) * limits.sent) >> 20, 23);
        // A burst, and then as many a minute as the rate gives.
        let minutes = (sessions - u64::from(limits.sessions_burst)).div_ceil(u64::from(limits.sessions_per_minute));
        assert_eq!(minutes, 3);
        // The shortest mail to 100 recipients: MAIL, 100 times RCPT, DATA and its dot, with addresses of 8 octets.
        let mail = "MAIL FROM:<>\r\n".len() + 100 * "RCPT TO:<a@b.c.de>\r\n".len() + "DATA\r\n\r\n.\r\n".len();
        let recipients = octets / mail as u64 * 100;
        assert!((825_000..835_000).contains(&recipients), "{recipients}");
    }
}
