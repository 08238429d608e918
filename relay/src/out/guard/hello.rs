//! A ClientHello as it comes in, and whether a TLS client sends such a one (RFC 8446 §4.1.2 and §5.1).
//!
//! What a page sends before the server has spoken could be read by something that is no mail server. So only shapes pass that
//! TLS clients send, and nothing in them is free text: what is left to choose is random by nature.

use super::shape::is_client_hello;

/// The most octets of a ClientHello with its records: one with two post-quantum key shares has fewer.
pub(super) const FLIGHT_MAX: usize = 4096;

/// The octets before the body of a handshake message: its type and length (RFC 8446 §4).
const MESSAGE_HEADER: usize = 4;

/// TLS content type and handshake type (RFC 8446 §5.1 and §4).
pub(super) const HANDSHAKE: u8 = 0x16;
pub(super) const CLIENT_HELLO: u8 = 0x01;

/// What the octets so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Read {
    /// The beginning of a ClientHello, or nothing yet.
    Part,
    /// A ClientHello of so many octets, with its records.
    Whole(usize),
    /// They begin like TLS, and are no ClientHello that a TLS client sends.
    Strange,
    /// No TLS.
    Other,
}

/// Reads a ClientHello piece by piece; each octet is looked at once.
#[derive(Debug, Default)]
pub(super) struct Hello {
    /// How many octets have been read.
    read: usize,
    /// The header of the record that is being read.
    header: Vec<u8>,
    /// How many octets of that record's content are still to come.
    left: usize,
    /// The handshake message so far.
    message: Vec<u8>,
}

impl Hello {
    /// Reads on. After anything but [`Read::Part`] it is not to be asked again.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Read {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.read >= FLIGHT_MAX {
                return Read::Strange;
            }
            let read = match self.left {
                0 => self.hear_header(rest[0]),
                left => {
                    let piece = &rest[..left.min(rest.len()).min(FLIGHT_MAX - self.read)];
                    self.hear_content(piece)
                }
            };
            rest = &rest[read.1..];
            if read.0 != Read::Part {
                return read.0;
            }
        }
        Read::Part
    }

    /// The next octet of a record's header.
    fn hear_header(&mut self, octet: u8) -> (Read, usize) {
        self.read += 1;
        let fits = match self.header.len() {
            0 => octet == HANDSHAKE,
            1 => octet == 0x03,
            2 => octet <= 0x04,
            _ => true,
        };
        if !fits {
            return (if self.read == 1 { Read::Other } else { Read::Strange }, 1);
        }
        self.header.push(octet);
        if let [_, _, _, high, low] = self.header[..] {
            self.left = usize::from(high) << 8 | usize::from(low);
            self.header.clear();
            if self.left == 0 || self.left + self.read > FLIGHT_MAX {
                return (Read::Strange, 1);
            }
        }
        (Read::Part, 1)
    }

    fn hear_content(&mut self, piece: &[u8]) -> (Read, usize) {
        self.read += piece.len();
        self.left -= piece.len();
        self.message.extend_from_slice(piece);
        let read = match self.message[..] {
            [CLIENT_HELLO, a, b, c, ..] => {
                let wanted = MESSAGE_HEADER + u32::from_be_bytes([0, a, b, c]) as usize;
                self.judge(wanted)
            }
            [first, ..] if first != CLIENT_HELLO => Read::Strange,
            _ => Read::Part,
        };
        (read, piece.len())
    }

    /// A message that should have so many octets. Nothing but the one message may be in its records.
    fn judge(&self, wanted: usize) -> Read {
        match self.message.len() {
            length if length > wanted || wanted > FLIGHT_MAX => Read::Strange,
            length if length < wanted => Read::Part,
            _ if self.left > 0 => Read::Strange,
            _ if is_client_hello(&self.message[MESSAGE_HEADER..]) => Read::Whole(self.read),
            _ => Read::Strange,
        }
    }
}
