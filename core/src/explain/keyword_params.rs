//! What the words behind an EHLO keyword say, one sentence each.

/// One sentence for each thing that `params` says; empty where the keyword's own text is enough.
pub(super) fn decode(name: &str, params: &str) -> Vec<String> {
    match lists_mechanisms(name) {
        true => params.split_ascii_whitespace().map(|word| format!("{word}: {}", mechanism(word))).collect(),
        false => figures(name, params),
    }
}

/// Whether the words behind a keyword are login methods.
pub(super) fn lists_mechanisms(name: &str) -> bool {
    name.eq_ignore_ascii_case("AUTH") || name.eq_ignore_ascii_case("X-EXPS")
}

/// As [`decode`], for keywords whose parameters are no login methods.
pub(super) fn figures(name: &str, params: &str) -> Vec<String> {
    let words = || params.split_ascii_whitespace();
    match name.to_ascii_uppercase().as_str() {
        "SIZE" => size(params.trim()).into_iter().collect(),
        "LIMITS" => words().map(limit).collect(),
        "DELIVERBY" => seconds(params, "Shortest time accepted").into_iter().collect(),
        "FUTURERELEASE" => seconds(params, "Longest wait").into_iter().collect(),
        "BURL" if words().any(|word| word.eq_ignore_ascii_case("imap")) => {
            vec!["imap: the server fetches from any IMAP server that it is set up for.".to_owned()]
        }
        "NO-SOLICITING" | "MT-PRIORITY" if !params.trim().is_empty() => vec![format!("Named here: {}.", params.trim())],
        "X-RCPTLIMIT" if !params.trim().is_empty() => {
            vec![format!("At most {} recipients in a message.", params.trim())]
        }
        _ => Vec::new(),
    }
}

/// RFC 1870: a number of octets, 0 for no fixed limit, nothing for not told.
fn size(params: &str) -> Option<String> {
    if params.is_empty() {
        return Some("The server does not tell its limit.".to_owned());
    }
    // RFC 1870 has up to 20 digits; some servers say more.
    if (19..39).contains(&params.len()) && params.bytes().all(|octet| octet.is_ascii_digit()) {
        return Some("No limit that a mail could reach.".to_owned());
    }
    let octets: u64 = params.parse().ok()?;
    Some(match octets {
        0 => "No fixed limit: it depends on free room.".to_owned(),
        _ => format!(
            "At most {} in encoded form, so files of about {}.",
            amount(octets),
            amount(octets / 100 * 73 + octets % 100 * 73 / 100)
        ),
    })
}

/// Octets in the decimal units that people use, with one digit after the point.
pub(super) fn amount(octets: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    let Some((unit, one)) = UNITS.into_iter().find(|(_, one)| octets >= *one) else {
        return format!("{octets} bytes");
    };
    let tenths = octets.saturating_add(one / 20) / (one / 10);
    match tenths % 10 {
        0 => format!("{} {unit}", tenths / 10),
        tenth => format!("{}.{tenth} {unit}", tenths / 10),
    }
}

/// A first word that is a number of seconds.
fn seconds(params: &str, what: &str) -> Option<String> {
    let count: u64 = params.split([' ', ',']).next()?.parse().ok()?;
    let (number, unit) = match count {
        0..120 => (count, "seconds"),
        120..7200 => (count / 60, "minutes"),
        7200..172_800 => (count / 3600, "hours"),
        _ => (count / 86_400, "days"),
    };
    Some(format!("{what}: {number} {unit}."))
}

/// RFC 9422, and what to make of a name it does not have.
fn limit(word: &str) -> String {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    match name.to_ascii_uppercase().as_str() {
        "MAILMAX" => format!("At most {value} messages in one connection."),
        "RCPTMAX" => format!("At most {value} recipients in one message."),
        "RCPTDOMAINMAX" => format!("Recipients of at most {value} domains in one message."),
        _ => format!("{word}: a limit unknown to Ehlo."),
    }
}

/// What a login method is, and whether it is any good.
fn mechanism(name: &str) -> &'static str {
    let found = MECHANISMS.iter().find(|(names, _)| names.iter().any(|known| known.eq_ignore_ascii_case(name)));
    found.map_or(UNKNOWN_MECHANISM, |(_, text)| text)
}

/// Of a login method that nobody has registered.
pub(super) const UNKNOWN_MECHANISM: &str = "a method unknown to Ehlo.";

/// Login methods, and what they are.
pub(super) const MECHANISMS: &[(&[&str], &str)] = &[
    (&["PLAIN"], "user name and password in one line, only base64, so only under TLS. The usual one."),
    (
        &["LOGIN"],
        "user name, then password, only base64, so only under TLS. Old, and still asked for by Outlook and devices.",
    ),
    (&["CRAM-MD5"], "proves the password without sending it. Outdated; the server must store the password readably."),
    (&["DIGEST-MD5"], "proves the password without sending it. Withdrawn as too complex and too weak."),
    (&["SCRAM-SHA-1"], "proves the password without sending it, and the server proves itself as well."),
    (&["SCRAM-SHA-256"], "as SCRAM-SHA-1 with a stronger hash. The best of the password methods."),
    (&["SCRAM-SHA-512", "SCRAM-SHA3-512"], "as SCRAM-SHA-256 with a longer hash."),
    (
        &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-512-PLUS"],
        "SCRAM that is bound to this TLS connection, so that nobody in the middle can use it.",
    ),
    (&["XOAUTH2"], "a token from the provider's sign-in page in place of the password (Gmail, Microsoft 365)."),
    (&["OAUTHBEARER"], "the standard form of login with an OAuth token."),
    (&["PLAIN-CLIENTTOKEN", "XYMCOOKIE"], "a private method of a provider's own programs."),
    (&["NTLM"], "Windows login. Weak, and being phased out."),
    (&["GSSAPI", "GS2-KRB5", "GS2-KRB5-PLUS"], "Kerberos ticket; for machines of a domain, without a password prompt."),
    (&["EXTERNAL"], "the TLS client certificate is the login."),
    (&["ANONYMOUS"], "no login at all, only a name for the log."),
    (&["OTP", "SKEY"], "one-time passwords from a list. Rare."),
];
