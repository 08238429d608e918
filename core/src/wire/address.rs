//! IP addresses as text: enough to tell an address from a host name. The relay is the one that parses them.
//! Domains beyond ASCII in A-label form.

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

/// A mail address with its domain's labels in ASCII: a label beyond it becomes `xn--` and its Punycode (RFC 3492).
///
/// The label is put in lower case and taken as it is otherwise: composed forms and look-alikes are the writer's.
pub fn in_ascii(address: &str) -> String {
    let (local, domain) = address.rsplit_once('@').map_or(("", address), |(local, domain)| (local, domain));
    let label = |label: &str| match label.is_ascii() {
        true => label.to_owned(),
        false => ["xn--", &punycode(&label.to_lowercase())].concat(),
    };
    let domain = domain.split(['.', '\u{3002}']).map(label).collect::<Vec<_>>().join(".");
    if local.is_empty() { domain } else { [local, "@", &domain].concat() }
}

/// RFC 3492 §6.3, with the parameters of its §5.
fn punycode(label: &str) -> String {
    let basic = label.chars().filter(char::is_ascii).count() as u32;
    let mut out: String = label.chars().filter(char::is_ascii).collect();
    if basic > 0 {
        out.push('-');
    }
    let (mut n, mut delta, mut bias, mut done) = (128_u32, 0_u32, 72_u32, basic);
    while let Some(next) = label.chars().map(u32::from).filter(|c| *c >= n).min() {
        delta = delta.wrapping_add((next - n).wrapping_mul(done + 1));
        n = next;
        for c in label.chars().map(u32::from) {
            delta = delta.wrapping_add(u32::from(c < n));
            if c != n {
                continue;
            }
            let (mut q, mut k) = (delta, 36);
            loop {
                let t = if k <= bias { 1 } else { (k - bias).min(26) };
                if q < t {
                    break;
                }
                out.push(digit(t + (q - t) % (36 - t)));
                q = (q - t) / (36 - t);
                k += 36;
            }
            out.push(digit(q));
            bias = adapt(delta, done + 1, done == basic);
            (delta, done) = (0, done + 1);
        }
        delta = delta.wrapping_add(1);
        n += 1;
    }
    out
}

fn adapt(delta: u32, points: u32, first: bool) -> u32 {
    let mut delta = if first { delta / 700 } else { delta / 2 };
    delta += delta / points;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

fn digit(value: u32) -> char {
    char::from_digit(value % 36, 36)
        .map_or('a', |_| char::from(if value < 26 { b'a' + value as u8 } else { b'0' - 26 + value as u8 }))
}

#[cfg(test)]
mod tests {
    #[test]
    fn domains_beyond_ascii_have_an_ascii_form() {
        for (address, ascii) in [
            ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
            ("a@M\u{dc}NCHEN.example", "a@xn--mnchen-3ya.example"),
            ("\u{fc}@x.example", "\u{fc}@x.example"),
            // RFC 3492 §7.1 (B), and (L) in lower case.
            (
                "a@\u{4ed6}\u{4eec}\u{4e3a}\u{4ec0}\u{4e48}\u{4e0d}\u{8bf4}\u{4e2d}\u{6587}",
                "a@xn--ihqwcrb4cv8a8dqg056pqjye",
            ),
            ("a@3\u{5e74}b\u{7d44}\u{91d1}\u{516b}\u{5148}\u{751f}", "a@xn--3b-ww4c5e180e575a65lsy2b"),
        ] {
            assert_eq!(in_ascii(address), ascii);
        }
    }

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
