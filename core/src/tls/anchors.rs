//! The well-known authorities in small files: a page loads those that a chain may lead to, a few kilobytes of all.
//!
//! The relay's build makes the files with the very code that reads them.

/// How many files there are; they are named `00.bin` and on.
pub const BUCKETS: u8 = 16;

/// What is known of an authority (RFC 5280 §6.1.1): the contents of its subject's name and of its
/// SubjectPublicKeyInfo, and its name constraints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor<'a> {
    /// The subject's name, without the outer tag and length.
    pub subject: &'a [u8],
    /// The public key, without the outer tag and length.
    pub key: &'a [u8],
    /// The name constraints, without the outer tag and length.
    pub constraints: Option<&'a [u8]>,
}

/// The file in which authorities of that subject are (FNV-1a, folded).
pub fn bucket(subject: &[u8]) -> u8 {
    let hash = subject.iter().fold(0x811C_9DC5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash ^ hash >> 16) as u8 % BUCKETS
}

/// Appends an authority to its file's content; `false` where a part is too long for the form.
pub fn write(out: &mut Vec<u8>, anchor: &Anchor<'_>) -> bool {
    let parts = [Some(anchor.subject), Some(anchor.key), anchor.constraints];
    if parts.iter().flatten().any(|part| part.len() >= usize::from(u16::MAX)) {
        return false;
    }
    for part in parts {
        // No constraints are another thing than empty ones.
        let length = part.map_or(u16::MAX, |part| part.len() as u16);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(part.unwrap_or_default());
    }
    true
}

/// The authorities in a file's content; none where it is not of the form.
pub fn read(mut content: &[u8]) -> Option<Vec<Anchor<'_>>> {
    let mut out = Vec::new();
    while !content.is_empty() {
        let subject = part(&mut content)??;
        let key = part(&mut content)??;
        out.push(Anchor { subject, key, constraints: part(&mut content)? });
    }
    Some(out)
}

fn part<'a>(content: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    let (length, rest) = content.split_first_chunk()?;
    let length = u16::from_be_bytes(*length);
    let kept = if length == u16::MAX { 0 } else { usize::from(length) };
    let (taken, rest) = rest.split_at_checked(kept)?;
    *content = rest;
    Some((length != u16::MAX).then_some(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_read_back_as_they_were_written() {
        let anchors = [
            Anchor { subject: b"one", key: b"key", constraints: None },
            Anchor { subject: b"two", key: &[7; 600], constraints: Some(b"") },
        ];
        let mut content = Vec::new();
        assert!(anchors.iter().all(|anchor| write(&mut content, anchor)));
        assert_eq!(read(&content).as_deref(), Some(&anchors[..]));
        assert!(!write(&mut content, &Anchor { subject: &[0; 65_535], key: b"", constraints: None }));
        assert_eq!(read(b""), Some(Vec::new()));
    }

    #[test]
    fn a_file_that_is_cut_off_is_refused() {
        let mut content = Vec::new();
        write(&mut content, &Anchor { subject: b"one", key: b"key", constraints: Some(b"c") });
        for end in 1..content.len() {
            assert_eq!(read(&content[..end]), None, "{end}");
        }
    }
}
