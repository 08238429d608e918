//! The EHLO reply (RFC 5321 §4.1.1.1): which extensions a server offers.

use super::reply::Reply;

/// What an EHLO reply said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The name in the first line, where its first word looks like one.
    pub name: Option<String>,
    /// Every offered extension in order, unknown ones included.
    pub extensions: Vec<Extension>,
}

/// One offered extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The extension keyword, in capitals.
    pub keyword: String,
    /// What stood behind it, as it was sent.
    pub params: String,
}

impl Capabilities {
    /// Reads a positive reply to EHLO or LHLO.
    pub fn of(reply: &Reply) -> Self {
        let mut texts = reply.texts();
        let name = texts.next().and_then(|text| host_name(&crate::printable::text(text)));
        let extensions = texts.filter_map(|text| Extension::of(&crate::printable::text(text))).collect();
        Self { name, extensions }
    }

    /// The extension with this keyword.
    pub fn get(&self, keyword: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.keyword.eq_ignore_ascii_case(keyword))
    }

    /// Whether it was offered.
    pub fn has(&self, keyword: &str) -> bool {
        self.get(keyword).is_some()
    }

    /// The largest message that the server says it takes, in octets (RFC 1870 §4); none for "no fixed limit".
    pub fn size_limit(&self) -> Option<u64> {
        self.get("SIZE")?.params.split(' ').next()?.parse().ok().filter(|&limit| limit > 0)
    }
}

impl Extension {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        // Old servers wrote "AUTH=LOGIN" for clients older than RFC 2554.
        let (keyword, params) = text.split_once([' ', '=']).unwrap_or((text, ""));
        if keyword.is_empty() {
            return None;
        }
        Some(Self { keyword: keyword.to_ascii_uppercase(), params: params.trim().to_owned() })
    }
}

/// The first word of `text`, where it can be a host name or an address literal.
pub fn host_name(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let literal = word.starts_with('[') && word.ends_with(']') && word.len() > 2;
    let name = word.contains(|c: char| c.is_alphanumeric())
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
    (literal || name).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::reply::ReplyReader;
    use super::*;

    fn capabilities(input: &[u8]) -> Capabilities {
        let mut found = None;
        ReplyReader::default().feed(input, |read| found = read.reply.cloned().or(found.take()));
        Capabilities::of(&found.expect("one whole reply"))
    }

    #[test]
    fn keywords_are_read_with_their_parameters_and_none_is_dropped() {
        let read = capabilities(
            b"250-mx.example hello\r\n250-SIZE 10240000\r\n250-auth=LOGIN PLAIN\r\n250-X-UNHEARD of it\r\n250 DSN\r\n",
        );
        assert_eq!(read.name.as_deref(), Some("mx.example"));
        let words: Vec<_> = read.extensions.iter().map(|e| (e.keyword.as_str(), e.params.as_str())).collect();
        assert_eq!(words, [("SIZE", "10240000"), ("AUTH", "LOGIN PLAIN"), ("X-UNHEARD", "of it"), ("DSN", "")]);
        assert_eq!(read.size_limit(), Some(10_240_000));
        assert!(read.has("dsn"));
    }

    #[test]
    fn a_first_line_that_is_a_sentence_has_no_name_or_its_first_word() {
        assert_eq!(capabilities(b"250-*** hello\r\n250 HELP\r\n").name, None);
        assert_eq!(capabilities(b"250-[192.0.2.1] hi\r\n250 HELP\r\n").name.as_deref(), Some("[192.0.2.1]"));
    }
}
