//! What counts as a host name.

/// Whether this is a host name: letters, digits, dashes, and underscores, which exist; at most 253 octets.
pub(crate) fn is_host_name(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_')
    };
    (1..=253).contains(&name.len()) && name.split('.').all(label)
}
