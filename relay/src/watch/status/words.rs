//! Words of the log and the metrics as the operator reads them, and times.

use std::time::{Duration, SystemTime};

/// What a word says by which a session ended.
pub(super) fn of_end(word: &str) -> &'static str {
    match word {
        "done" => "ended in order",
        "going_away" => "the relay was being stopped",
        "too_big" => "a message of the page was too long",
        "bad_request" => "the page asked for nothing, or for what there is not",
        "unauthorized" => "no token, or a wrong one",
        "forbidden" => "a target that is not allowed",
        "no_such_host" => "there is no such host",
        "idle" => "nothing was said for too long",
        "lifetime" => "it was too old",
        "byte_limit" => "too many octets",
        "not_smtp" => "the target is no mail server",
        "busy" => "a limit of clients or targets was reached",
        "connect_refused" => "the target refused the connection",
        "unreachable" => "there is no way to the target",
        "reset" => "the target broke the connection off",
        "connect_timeout" => "the target did not answer",
        "dns_timeout" => "the DNS did not answer",
        "dns_failed" => "the DNS could not say",
        "internal" => "a fault of the relay; see its log",
        "protocol_error" | "not_utf8" => "the page did not speak as a WebSocket does",
        _ => "",
    }
}

/// What a word says by which a connection ended before a request.
pub(super) fn of_connection(word: &str) -> &'static str {
    match word {
        "busy" => "too many connections at once",
        "proxy_header" => "a PROXY header was wrong, missing, or from a stranger",
        "clear" => "HTTP where HTTPS should be",
        "tls" => "the TLS handshake failed",
        "timeout" => "a connection was too slow",
        "not_http" => "what came was no HTTP",
        _ => "",
    }
}

/// What a word says by which a request was refused.
pub(super) fn of_request(word: &str) -> &'static str {
    match word {
        "host" => "a name that is not the relay's",
        "origin" => "a page that may not use it",
        "websocket" => "no WebSocket of this protocol",
        "busy" => "too many sessions at once",
        _ => "",
    }
}

/// A time span in its two largest units.
pub(super) fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (1, hours, _) => format!("1 day {hours} h"),
        (days, ..) => format!("{days} days"),
    }
}

/// A moment as HTTP writes it (RFC 9110 §5.6.7), with how far it is.
pub(super) fn moment(at: SystemTime, now: SystemTime) -> String {
    let far = match at.duration_since(now) {
        Ok(ahead) => format!("in {}", span(ahead)),
        Err(behind) => format!("{} ago", span(behind.duration())),
    };
    format!("{} ({far})", httpdate::fmt_http_date(at))
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_units() {
        for (seconds, told) in
            [(5, "5 s"), (125, "2 min"), (3 * 3600 + 61, "3 h 1 min"), (90_000, "1 day 1 h"), (200_000, "2 days")]
        {
            assert_eq!(span(Duration::from_secs(seconds)), told);
        }
    }

    #[test]
    fn a_moment_is_told_with_its_distance_either_way() {
        let at = UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(moment(at, at - Duration::from_secs(120)), "Sun, 06 Nov 1994 08:49:37 GMT (in 2 min)");
        assert_eq!(moment(at, at + Duration::from_secs(120)), "Sun, 06 Nov 1994 08:49:37 GMT (2 min ago)");
    }
}
