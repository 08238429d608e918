//! The PROXY protocol header that a proxy of the operator sends before all else, versions 1 and 2
//! (<https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>).

use std::fmt;
use std::net::SocketAddr;

use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How a header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// The most octets of a header of version 1 (section 2.1).
const TEXT_MAX: usize = 107;

/// The most octets of addresses and additions that are read in version 2: twice what every known addition takes.
const BINARY_MAX: u16 = 2048;

/// Why there is no header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It begins like none.
    Absent,
    /// It is one, and wrong.
    Wrong,
    /// The connection ended.
    Ended,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "no PROXY header came; let the proxy send one, or take proxy_protocol out",
            Self::Wrong => "its PROXY header cannot be read",
            Self::Ended => "the connection ended within the PROXY header",
        })
    }
}

/// Reads one header and nothing behind it: the address of whom the proxy speaks for, none where it speaks for itself.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<SocketAddr>, Fault> {
    // The shortest header of version 1 is longer, so nothing behind it is read.
    let mut header = vec![0; SIGNATURE.len()];
    stream.read_exact(&mut header).await.map_err(|_| Fault::Ended)?;
    if header == SIGNATURE {
        header.resize(16, 0);
        stream.read_exact(&mut header[12..]).await.map_err(|_| Fault::Ended)?;
        let length = u16::from_be_bytes([header[14], header[15]]);
        if length > BINARY_MAX {
            return Err(Fault::Wrong);
        }
        header.resize(16 + usize::from(length), 0);
        stream.read_exact(&mut header[16..]).await.map_err(|_| Fault::Ended)?;
    } else if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\r\n") {
            if header.len() == TEXT_MAX {
                return Err(Fault::Wrong);
            }
            header.push(stream.read_u8().await.map_err(|_| Fault::Ended)?);
        }
    } else {
        return Err(Fault::Absent);
    }
    source(&header)
}

/// The source address of a whole header.
pub(crate) fn source(header: &[u8]) -> Result<Option<SocketAddr>, Fault> {
    match HeaderResult::parse(header) {
        HeaderResult::V1(Ok(header)) => Ok(match header.addresses {
            v1::Addresses::Tcp4(pair) => Some((pair.source_address, pair.source_port).into()),
            v1::Addresses::Tcp6(pair) => Some((pair.source_address, pair.source_port).into()),
            v1::Addresses::Unknown => None,
        }),
        HeaderResult::V2(Ok(header)) if header.command == v2::Command::Local => Ok(None),
        HeaderResult::V2(Ok(header)) => Ok(match header.addresses {
            v2::Addresses::IPv4(pair) => Some((pair.source_address, pair.source_port).into()),
            v2::Addresses::IPv6(pair) => Some((pair.source_address, pair.source_port).into()),
            v2::Addresses::Unspecified | v2::Addresses::Unix(_) => None,
        }),
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Err(Fault::Wrong),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_of(octets: &[u8]) -> (Result<Option<SocketAddr>, Fault>, Vec<u8>) {
        let mut rest = octets;
        let read = read(&mut rest).await;
        (read, rest.to_vec())
    }

    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, addresses].concat()
    }

    #[tokio::test]
    async fn whom_the_proxy_speaks_for_is_read_and_nothing_behind_it() {
        let four = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x34, 0, 80];
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 1, 0x0d, 0xb8]);
        six[15] = 1;
        six[33] = 9;
        // An addition behind the addresses: a checksum of type 3.
        let with_addition = [&four[..], &[3, 0, 4, 1, 2, 3, 4]].concat();
        for (header, address) in [
            (b"PROXY TCP4 192.0.2.7 198.51.100.1 4660 80\r\n".to_vec(), Some("192.0.2.7:4660")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 9 80\r\n".to_vec(), Some("[2001:db8::1]:9")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN whatever comes\r\n".to_vec(), None),
            (v2(0x21, 0x11, &four), Some("192.0.2.7:4660")),
            (v2(0x21, 0x11, &with_addition), Some("192.0.2.7:4660")),
            (v2(0x21, 0x21, &six), Some("[2001:db8::1]:9")),
            (v2(0x20, 0x00, &[]), None),
            (v2(0x20, 0x11, &four), None),
            (v2(0x21, 0x00, &[]), None),
        ] {
            let told = address.map(|address| address.parse().unwrap());
            let octets = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(read_of(&octets).await, (Ok(told), b"GET / HTTP/1.1\r\n".to_vec()), "{header:?}");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_is_refused_and_read_no_further_than_it_must() {
        let long = [b"PROXY UNKNOWN ", &[b'x'; 200][..], b"\r\n"].concat();
        let huge = [&SIGNATURE[..], &[0x21, 0x11, 0xFF, 0xFF], &[0; 100]].concat();
        for (octets, fault) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], Fault::Absent),
            (&long, Fault::Wrong),
            (&huge, Fault::Wrong),
            (b"PROXY TCP4 192.0.2.7 198.51.100.1 99999 80\r\n", Fault::Wrong),
            (b"PROXY TCP4 2001:db8::1 198.51.100.1 1 80\r\n", Fault::Wrong),
            (b"PROXY TCP4 ", Fault::Ended),
            (b"PROXY TCP4 192.0.2.7", Fault::Ended),
            (&v2(0x11, 0x11, &[0; 12]), Fault::Wrong),
            (&v2(0x21, 0x11, &[0; 3]), Fault::Wrong),
            (&v2(0x21, 0x11, &[0; 12])[..20], Fault::Ended),
        ] {
            let (read, rest) = read_of(octets).await;
            assert_eq!(read, Err(fault), "{octets:?}");
            assert!(octets.len() - rest.len() <= 256, "{octets:?}");
        }
    }
}
