//! The question for old versions: one hand-made ClientHello that offers all that was ever in use up to TLS 1.2, and what
//! the answer says. No keys are agreed on, so nothing can be sent over such a connection.

use ring::rand::{SecureRandom, SystemRandom};

use super::describe;
use super::failure::Legacy;
use super::records::{Exchange, Records};
use super::registry;
use super::settings::is_address;
use super::x509::{Hash, X509};

/// The signal for safe renegotiation (RFC 5746 §3.3).
const RENEGOTIATION: u16 = 0x00FF;

/// Signature schemes of all ages, MD5 and DSA included (RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3).
const SCHEMES: [u16; 21] = [
    0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B, 0x0401, 0x0501, 0x0601,
    0x0301, 0x0303, 0x0201, 0x0203, 0x0402, 0x0202, 0x0101,
];

/// The ClientHello in one record (RFC 5246 §7.4.1.2); none where there is no randomness.
pub(super) fn client_hello(server_name: &str) -> Option<Vec<u8>> {
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).ok()?;
    let mut extensions = Vec::new();
    if !server_name.is_empty() && server_name.len() <= 255 && !is_address(server_name) {
        let name = sized(2, server_name.as_bytes());
        extension(&mut extensions, 0, &sized(2, &[&[0][..], &name].concat()));
    }
    let groups: Vec<u8> = registry::GROUPS.iter().flat_map(|(id, _)| id.to_be_bytes()).collect();
    extension(&mut extensions, 10, &sized(2, &groups));
    extension(&mut extensions, 11, &sized(1, &[0, 1, 2]));
    extension(&mut extensions, 13, &sized(2, &SCHEMES.map(u16::to_be_bytes).concat()));
    extension(&mut extensions, 23, &[]);

    let suites = registry::SUITES.iter().map(|(id, _)| *id).chain([RENEGOTIATION]);
    let suites: Vec<u8> = suites.flat_map(u16::to_be_bytes).collect();
    let body = [&[3, 3][..], &random, &[0], &sized(2, &suites), &[1, 0], &sized(2, &extensions)].concat();
    let message = [&[1][..], &sized(3, &body)].concat();
    Some([&[22, 3, 1][..], &sized(2, &message)].concat())
}

/// `content` behind its length in so many octets.
fn sized(octets: usize, content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes()[4 - octets..], content].concat()
}

fn extension(out: &mut Vec<u8>, kind: u16, data: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&sized(2, data));
}

/// Whether the answer is complete: nothing that could tell more will come.
pub(super) fn answered(records: &Records) -> bool {
    records.not_tls || records.alert.is_some() || records.flight_done
}

/// What the answer says.
pub(super) fn verdict(records: &Records) -> Legacy {
    let mut out = Legacy {
        certificates: describe::chain(&records.certificates),
        records: records.lines.clone(),
        ..Legacy::default()
    };
    if let Some(hello) = records.hello {
        out.version = registry::version(hello.version);
        out.suite = registry::suite(hello.suite);
        out.suite_id = hello.suite;
        out.extended_master_secret = hello.extended_master_secret;
        out.secure_renegotiation = hello.secure_renegotiation;
        out.key_exchange = match records.exchange {
            Some(exchange) => exchange.words(),
            None if out.suite.starts_with("TLS_RSA_") => "RSA, without forward secrecy".to_owned(),
            None => String::new(),
        };
    }
    let (sentence, advice) = judged(records, &out);
    out.sentence = sentence;
    out.advice = vec![advice.to_owned()];
    out
}

const MODERN: &str = "Let the server speak TLS 1.2 and TLS 1.3 with ECDHE and AES-GCM or ChaCha20; \
                      current software does so without being told.";

/// What is the matter, and what to do.
fn judged(records: &Records, found: &Legacy) -> (String, &'static str) {
    let Some(hello) = records.hello else { return (refused(records), MODERN) };
    let suite = &found.suite;
    if hello.version < 0x0303 {
        let sentence = [
            "It speaks nothing newer than ",
            &found.version,
            ", which is withdrawn (RFC 8996): it chose that although TLS 1.2 was offered.",
        ];
        return (sentence.concat(), MODERN);
    }
    let of_suite = |part: &str| suite.contains(part);
    let trouble = if of_suite("_anon_") {
        "with a key exchange that proves nothing of the server (anonymous)"
    } else if of_suite("_NULL_") {
        "without encryption (NULL cipher)"
    } else if of_suite("_EXPORT_") || of_suite("_RC4_") || of_suite("DES") {
        "with a cipher that is broken"
    } else if suite.starts_with("TLS_RSA_") {
        "with RSA key exchange, which has no forward secrecy"
    } else if suite.starts_with("TLS_DHE_") {
        "with finite-field key exchange (DHE), which this page does not speak"
    } else if of_suite("_CBC_") {
        "with a CBC cipher, which this page does not speak"
    } else if of_suite("_CCM") {
        "with a CCM cipher, which this page does not speak"
    } else {
        return (beside_the_suite(records), MODERN);
    };
    (["It wants ", &found.version, " ", trouble, ": it chose ", suite, "."].concat(), MODERN)
}

/// The suite is in order: the reason must be the group, the certificate or the signature.
fn beside_the_suite(records: &Records) -> String {
    if let Some(Exchange::Ecdhe { group, scheme }) = records.exchange {
        if !matches!(group, 23 | 24 | 29) {
            let group = registry::group(group);
            return ["It wants the key exchange on ", &group, ", which this page does not speak."].concat();
        }
        if matches!(scheme, Some(0x0201 | 0x0203 | 0x0202 | 0x0101)) {
            return "It signs its key exchange with SHA-1 or MD5, which are broken.".to_owned();
        }
    }
    let leaf = records.certificates.first().and_then(|der| X509::read(der));
    if let Some(leaf) = leaf
        && !leaf.key.supported()
    {
        return ["Its certificate has a key that this page cannot check: ", &leaf.key.words(), "."].concat();
    }
    if let Some(leaf) = records.certificates.first().and_then(|der| X509::read(der))
        && (leaf.signature.hash == Hash::Sha1 || leaf.signature.hash == Hash::Md5)
    {
        return ["Its certificate is signed with a broken hash: ", &leaf.signature.words(), "."].concat();
    }
    "It agreed to something that this page speaks as well: what failed was not the choice of version or cipher."
        .to_owned()
}

fn refused(records: &Records) -> String {
    match records.alert {
        Some(70) => {
            "It refuses all versions up to TLS 1.2 as well (alert 70, protocol_version): it speaks TLS 1.3 only, or \
             no TLS to this client at all."
                .to_owned()
        }
        Some(number) => {
            let alert = registry::alert(number);
            let number = number.to_string();
            let words =
                ["It refuses the old offers too: alert ", &number, " (", &alert.name, "), ", &alert.meaning, "."];
            words.concat()
        }
        None => match records.looks_like() {
            Some(looks_like) => ["It answered with no TLS, but with what looks like ", &looks_like].concat(),
            None if records.nothing() => "It closed the connection without a word, to the old offers too.".to_owned(),
            None => "It closed the connection before it had chosen a version.".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_one_whole_record_with_every_suite_and_the_name() {
        let hello = client_hello("mx.example").unwrap();
        assert_eq!(hello[..3], [22, 3, 1]);
        assert_eq!(usize::from(u16::from_be_bytes([hello[3], hello[4]])), hello.len() - 5);
        assert!(hello.windows(10).any(|window| window == b"mx.example"));
        let suites = u16::from_be_bytes([hello[44], hello[45]]);
        assert_eq!(usize::from(suites), (registry::SUITES.len() + 1) * 2);
    }

    #[test]
    fn an_address_is_not_sent_as_a_name() {
        for name in ["192.0.2.1", "2001:db8::1", ""] {
            let hello = client_hello(name).unwrap();
            assert!(!hello.windows(9).any(|window| window == b"192.0.2.1" || window == b"2001:db8:"), "{name}");
        }
    }
}
