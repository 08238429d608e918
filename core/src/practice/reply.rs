//! What the practice server says.

/// The longest reply line, with its CR LF (RFC 5321 section 4.5.3.1.5).
const LINE_LIMIT: usize = 512;

/// One reply: a code, perhaps an enhanced status code, and its lines.
#[derive(Debug)]
pub(super) struct Reply {
    /// The basic code (RFC 5321 section 4.2).
    pub(super) code: u16,
    /// The enhanced status code (RFC 3463); empty where there is none.
    pub(super) enhanced: &'static str,
    /// At least one.
    pub(super) lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub(super) fn new(code: u16, enhanced: &'static str, text: impl Into<String>) -> Self {
        Self { code, enhanced, lines: vec![text.into()] }
    }

    /// A permanent refusal.
    pub(super) fn is_error(&self) -> bool {
        self.code >= 500
    }

    /// Adds a remark in brackets to the first line: later lines may be keywords.
    pub(super) fn remark(&mut self, words: &str) {
        if let Some(first) = self.lines.first_mut() {
            first.push_str(" (");
            first.push_str(words);
            first.push(')');
        }
    }

    /// The octets to send. Characters beyond ASCII are shown as `?` unless `utf8` (RFC 6531 section 3.7.4).
    pub(super) fn to_bytes(&self, utf8: bool) -> Vec<u8> {
        let mut out = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let start = out.len();
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if index + 1 < self.lines.len() { b'-' } else { b' ' });
            if !self.enhanced.is_empty() {
                out.extend_from_slice(self.enhanced.as_bytes());
                out.push(b' ');
            }
            for char in line.chars() {
                let shown = if char.is_control() || (!utf8 && !char.is_ascii()) { '?' } else { char };
                if out.len() - start + shown.len_utf8() > LINE_LIMIT - 2 {
                    break;
                }
                out.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}
