//! Names of numbers that TLS uses (IANA's registry of TLS parameters).

/// Cipher suites that a server of any age may choose, the better first; offered all when old versions are asked for.
pub(crate) const SUITES: &[(u16, &str)] = &[
    (0xC02B, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    (0xC02F, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0xC02C, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
    (0xC030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xCCA9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xCCA8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xC0AC, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM"),
    (0xC023, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    (0xC027, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0xC024, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384"),
    (0xC028, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
    (0xC009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    (0xC013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    (0xC00A, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    (0xC014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x009E, "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009F, "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
    (0xCCAA, "TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xC09E, "TLS_DHE_RSA_WITH_AES_128_CCM"),
    (0xC09F, "TLS_DHE_RSA_WITH_AES_256_CCM"),
    (0x0067, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
    (0x006B, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA256"),
    (0x0033, "TLS_DHE_RSA_WITH_AES_128_CBC_SHA"),
    (0x0039, "TLS_DHE_RSA_WITH_AES_256_CBC_SHA"),
    (0x0032, "TLS_DHE_DSS_WITH_AES_128_CBC_SHA"),
    (0x0038, "TLS_DHE_DSS_WITH_AES_256_CBC_SHA"),
    (0x0045, "TLS_DHE_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0088, "TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x009C, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    (0x009D, "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    (0xC09C, "TLS_RSA_WITH_AES_128_CCM"),
    (0xC09D, "TLS_RSA_WITH_AES_256_CCM"),
    (0x003C, "TLS_RSA_WITH_AES_128_CBC_SHA256"),
    (0x003D, "TLS_RSA_WITH_AES_256_CBC_SHA256"),
    (0x002F, "TLS_RSA_WITH_AES_128_CBC_SHA"),
    (0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"),
    (0x0041, "TLS_RSA_WITH_CAMELLIA_128_CBC_SHA"),
    (0x0084, "TLS_RSA_WITH_CAMELLIA_256_CBC_SHA"),
    (0x0096, "TLS_RSA_WITH_SEED_CBC_SHA"),
    (0x0007, "TLS_RSA_WITH_IDEA_CBC_SHA"),
    (0xC008, "TLS_ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA"),
    (0xC012, "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0016, "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0x0013, "TLS_DHE_DSS_WITH_3DES_EDE_CBC_SHA"),
    (0x000A, "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
    (0xC007, "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA"),
    (0xC011, "TLS_ECDHE_RSA_WITH_RC4_128_SHA"),
    (0x0005, "TLS_RSA_WITH_RC4_128_SHA"),
    (0x0004, "TLS_RSA_WITH_RC4_128_MD5"),
    (0x0015, "TLS_DHE_RSA_WITH_DES_CBC_SHA"),
    (0x0009, "TLS_RSA_WITH_DES_CBC_SHA"),
    (0x0014, "TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0008, "TLS_RSA_EXPORT_WITH_DES40_CBC_SHA"),
    (0x0003, "TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    (0xC018, "TLS_ECDH_anon_WITH_AES_128_CBC_SHA"),
    (0xC019, "TLS_ECDH_anon_WITH_AES_256_CBC_SHA"),
    (0x00A6, "TLS_DH_anon_WITH_AES_128_GCM_SHA256"),
    (0x00A7, "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
    (0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA"),
    (0x003A, "TLS_DH_anon_WITH_AES_256_CBC_SHA"),
    (0x001B, "TLS_DH_anon_WITH_3DES_EDE_CBC_SHA"),
    (0x0018, "TLS_DH_anon_WITH_RC4_128_MD5"),
    (0xC006, "TLS_ECDHE_ECDSA_WITH_NULL_SHA"),
    (0xC010, "TLS_ECDHE_RSA_WITH_NULL_SHA"),
    (0x003B, "TLS_RSA_WITH_NULL_SHA256"),
    (0x0002, "TLS_RSA_WITH_NULL_SHA"),
    (0x0001, "TLS_RSA_WITH_NULL_MD5"),
];

/// Cipher suites of TLS 1.3.
const SUITES_13: &[(u16, &str)] = &[
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
];

/// Groups of key exchange, all offered when old versions are asked for.
pub(crate) const GROUPS: &[(u16, &str)] = &[
    (29, "X25519"),
    (23, "secp256r1"),
    (24, "secp384r1"),
    (25, "secp521r1"),
    (30, "X448"),
    (26, "brainpoolP256r1"),
    (27, "brainpoolP384r1"),
    (28, "brainpoolP512r1"),
    (22, "secp256k1"),
    (21, "secp224r1"),
    (19, "secp192r1"),
    (256, "ffdhe2048"),
    (257, "ffdhe3072"),
    (258, "ffdhe4096"),
    (259, "ffdhe6144"),
    (260, "ffdhe8192"),
];

/// Alerts (RFC 8446 §6, RFC 5246 §7.2): number, name, meaning.
const ALERTS: &[(u8, &str, &str)] = &[
    (0, "close_notify", "it has nothing more to say"),
    (10, "unexpected_message", "it got a message that did not belong there"),
    (20, "bad_record_mac", "a record could not be decrypted: it was changed on its way, or the keys differ"),
    (21, "decryption_failed", "a record could not be decrypted"),
    (22, "record_overflow", "a record was too long for it"),
    (30, "decompression_failure", "a record could not be unpacked"),
    (40, "handshake_failure", "it found nothing that both sides can agree on"),
    (41, "no_certificate", "it got no certificate of the client"),
    (42, "bad_certificate", "it found the client's certificate broken"),
    (43, "unsupported_certificate", "it cannot use this kind of client certificate"),
    (44, "certificate_revoked", "the client's certificate is revoked"),
    (45, "certificate_expired", "the client's certificate is expired or not yet valid"),
    (46, "certificate_unknown", "it does not accept the client's certificate"),
    (47, "illegal_parameter", "something in the handshake was out of range for it"),
    (48, "unknown_ca", "it does not know the authority of the client's certificate"),
    (49, "access_denied", "the certificate is in order, but it does not let this client in"),
    (50, "decode_error", "it could not read a message of the handshake"),
    (51, "decrypt_error", "a signature or a check of the handshake did not fit"),
    (60, "export_restriction", "it keeps to old export rules"),
    (70, "protocol_version", "it speaks none of the versions that were offered"),
    (71, "insufficient_security", "it wants stronger ciphers than were offered"),
    (80, "internal_error", "something in the server itself went wrong"),
    (86, "inappropriate_fallback", "it suspects that somebody forces an older version"),
    (90, "user_canceled", "somebody cancelled the handshake"),
    (100, "no_renegotiation", "it does not shake hands a second time"),
    (109, "missing_extension", "it misses something in the client's first message"),
    (110, "unsupported_extension", "it got an extension that it did not ask for"),
    (112, "unrecognized_name", "it has no certificate for the name that was sent (SNI)"),
    (113, "bad_certificate_status_response", "the certificate's status was not in order"),
    (115, "unknown_psk_identity", "it does not know the pre-shared key"),
    (116, "certificate_required", "it goes on only with a certificate of the client"),
    (120, "no_application_protocol", "it speaks none of the protocols that were offered"),
];

/// A cipher suite's name, or its number.
pub(crate) fn suite(id: u16) -> String {
    let all = SUITES.iter().chain(SUITES_13);
    known(all, id).map_or_else(|| format!("cipher suite 0x{id:04X}"), str::to_owned)
}

/// A group's name, or its number.
pub(crate) fn group(id: u16) -> String {
    known(GROUPS.iter(), id).map_or_else(|| format!("group {id}"), str::to_owned)
}

fn known(mut all: impl Iterator<Item = &'static (u16, &'static str)>, id: u16) -> Option<&'static str> {
    all.find(|(number, _)| *number == id).map(|(_, name)| *name)
}

/// A version's name, or its number.
pub(crate) fn version(id: u16) -> String {
    match id {
        0x0002 => "SSL 2.0".to_owned(),
        0x0300 => "SSL 3.0".to_owned(),
        0x0301 => "TLS 1.0".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0304 => "TLS 1.3".to_owned(),
        _ => format!("version 0x{id:04X}"),
    }
}

/// An alert's name and meaning.
pub(crate) fn alert(number: u8) -> super::Alert {
    let known = ALERTS.iter().find(|(known, _, _)| *known == number);
    let (_, name, meaning) = known.unwrap_or(&(0, "unknown", "an alert that no standard names"));
    super::Alert { number, name: (*name).to_owned(), meaning: (*meaning).to_owned() }
}
