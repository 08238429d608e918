//! IP addresses as text: enough to tell an address from a host name. The relay is the one that parses them.

/// Whether `text` is written as an IPv4 address: four numbers up to 255 with dots between.
pub fn is_ipv4(text: &str) -> bool {
    let octet = |part: &str| {
        let digits = !part.is_empty() && part.len() <= 3 && part.bytes().all(|b| b.is_ascii_digit());
        digits && part.bytes().fold(0_u16, |sum, b| sum * 10 + u16::from(b - b'0')) <= 255
    };
    text.split('.').count() == 4 && text.split('.').all(octet)
}

/// Whether `text` is written as an IPv6 address: groups of up to four hexadecimal digits, eight of them or `::` once.
pub fn is_ipv6(text: &str) -> bool {
    let (groups, tail) = match text.rfind(':') {
        Some(at) if is_ipv4(&text[at + 1..]) => (&text[..=at], 2),
        _ => (text, 0),
    };
    let groups = if tail > 0 && !groups.ends_with("::") { groups.trim_end_matches(':') } else { groups };
    let shortened = groups.matches("::").count();
    let parts = || groups.split(':').filter(|part| !part.is_empty());
    let edges = |ends: bool, double: bool| !ends || double;
    parts().all(|part| part.len() <= 4 && part.bytes().all(|b| b.is_ascii_hexdigit()))
        && text.contains(':')
        && shortened <= 1
        && !groups.contains(":::")
        && edges(groups.starts_with(':'), groups.starts_with("::"))
        && edges(groups.ends_with(':'), groups.ends_with("::"))
        && (if shortened == 1 { parts().count() + tail < 8 } else { parts().count() + tail == 8 })
}

/// Whether `text` is written as an IP address.
pub fn is_ip(text: &str) -> bool {
    is_ipv4(text) || is_ipv6(text)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn addresses_are_told_from_names_as_the_standard_library_does() {
        for text in [
            "192.0.2.1",
            "255.255.255.255",
            "256.0.0.1",
            "1.2.3",
            "1.2.3.4.5",
            "1..2.3",
            "2001:db8::1",
            "::1",
            "::",
            "fe80::1%eth0",
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9",
            "::ffff:192.0.2.1",
            "64:ff9b::192.0.2.33",
            "1::2::3",
            ":::",
            ":1",
            "1:",
            "12345::",
            "mx.example",
            "a",
            "",
            "mx:25",
            "192.0.2.1:25",
            "1:2:3:4:5:6:192.0.2.1",
            "g::1",
        ] {
            assert_eq!(is_ip(text), text.parse::<IpAddr>().is_ok(), "{text:?}");
        }
    }
}
