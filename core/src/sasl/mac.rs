//! Keyed digests (RFC 2104) over the three hash functions that the mechanisms name.

use hmac::{Hmac, KeyInit};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// A hash function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha256,
}

/// A digest; its length goes with the hash function.
pub(super) type Octets = Vec<u8>;

impl Hash {
    /// The digest of `data`.
    pub(super) fn digest(self, data: &[u8]) -> Octets {
        match self {
            Self::Md5 => Md5::digest(data).to_vec(),
            Self::Sha1 => Sha1::digest(data).to_vec(),
            Self::Sha256 => Sha256::digest(data).to_vec(),
        }
    }

    /// The keyed digest of `data`.
    pub(super) fn hmac(self, key: &[u8], data: &[u8]) -> Octets {
        let mut out = [0; LONGEST];
        let length = Keyed::new(self, key).digest(data, &mut out);
        out[..length].to_vec()
    }
}

/// The octets of the longest digest.
const LONGEST: usize = 32;

/// A key made ready, so that a round of PBKDF2 takes two blocks instead of four.
#[derive(Clone)]
enum Keyed {
    Md5(Hmac<Md5>),
    Sha1(Hmac<Sha1>),
    Sha256(Hmac<Sha256>),
}

impl Keyed {
    fn new(hash: Hash, key: &[u8]) -> Self {
        const ANY: &str = "HMAC takes a key of any length";
        match hash {
            Hash::Md5 => Self::Md5(Hmac::new_from_slice(key).expect(ANY)),
            Hash::Sha1 => Self::Sha1(Hmac::new_from_slice(key).expect(ANY)),
            Hash::Sha256 => Self::Sha256(Hmac::new_from_slice(key).expect(ANY)),
        }
    }

    /// Writes the keyed digest of `data` to `out`, and returns its length.
    fn digest(&self, data: &[u8], out: &mut [u8; LONGEST]) -> usize {
        fn put<M: hmac::Mac>(mut mac: M, data: &[u8], out: &mut [u8; LONGEST]) -> usize {
            mac.update(data);
            let made = mac.finalize().into_bytes();
            out[..made.len()].copy_from_slice(&made);
            made.len()
        }
        match self {
            Self::Md5(mac) => put(mac.clone(), data, out),
            Self::Sha1(mac) => put(mac.clone(), data, out),
            Self::Sha256(mac) => put(mac.clone(), data, out),
        }
    }
}

/// PBKDF2 for one block (`Hi` of RFC 5802 §2.2), which can be left and taken up again.
#[derive(Clone)]
pub(super) struct Stretch {
    keyed: Keyed,
    last: [u8; LONGEST],
    sum: [u8; LONGEST],
    length: usize,
    left: u32,
}

impl Stretch {
    /// Begins with the first of `rounds`, which are one or more.
    pub(super) fn new(hash: Hash, password: &[u8], salt: &[u8], rounds: u32) -> Self {
        let keyed = Keyed::new(hash, password);
        let mut last = [0; LONGEST];
        let length = keyed.digest(&[salt, &[0, 0, 0, 1]].concat(), &mut last);
        Self { keyed, last, sum: last, length, left: rounds.saturating_sub(1) }
    }

    /// Does `rounds` more at most, and returns how many are left.
    pub(super) fn work(&mut self, rounds: u32) -> u32 {
        let now = rounds.min(self.left);
        for _ in 0..now {
            let last = self.last;
            self.keyed.digest(&last[..self.length], &mut self.last);
            self.sum.iter_mut().zip(&self.last).for_each(|(sum, octet)| *sum ^= octet);
        }
        self.left -= now;
        self.left
    }

    /// How many rounds are left.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// The salted password, once no round is left.
    pub(super) fn salted_password(&self) -> &[u8] {
        &self.sum[..self.length]
    }
}
