//! Keyed digests over the three hash functions that the mechanisms name.
//!
//! HMAC itself is a few lines here: the crate `hmac` makes a copy of its code for each hash function, which is kilobytes
//! in the page.

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

impl Hash {
    /// The digest of `data`.
    pub(super) fn digest(self, data: &[u8]) -> Vec<u8> {
        let mut state = State::new(self);
        state.update(data);
        state.finish()
    }

    /// The keyed digest of `data` (RFC 2104).
    pub(super) fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        Keyed::new(self, key).digest(data)
    }
}

/// A digest that is being made.
#[derive(Clone)]
enum State {
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl State {
    fn new(hash: Hash) -> Self {
        match hash {
            Hash::Md5 => Self::Md5(Md5::new()),
            Hash::Sha1 => Self::Sha1(Sha1::new()),
            Hash::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    fn update(&mut self, data: &[u8]) {
        match self {
            Self::Md5(state) => state.update(data),
            Self::Sha1(state) => state.update(data),
            Self::Sha256(state) => state.update(data),
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Md5(state) => state.finalize().to_vec(),
            Self::Sha1(state) => state.finalize().to_vec(),
            Self::Sha256(state) => state.finalize().to_vec(),
        }
    }
}

/// A key made ready, so that a round of PBKDF2 takes two blocks instead of four.
#[derive(Clone)]
struct Keyed {
    inner: State,
    outer: State,
}

impl Keyed {
    /// The octets of a block, the same for all three.
    const BLOCK: usize = 64;

    fn new(hash: Hash, key: &[u8]) -> Self {
        let short = (key.len() > Self::BLOCK).then(|| hash.digest(key));
        let key = short.as_deref().unwrap_or(key);
        let padded = |with: u8| {
            let mut block = [with; Self::BLOCK];
            block.iter_mut().zip(key).for_each(|(octet, key)| *octet ^= key);
            let mut state = State::new(hash);
            state.update(&block);
            state
        };
        Self { inner: padded(0x36), outer: padded(0x5C) }
    }

    fn digest(&self, data: &[u8]) -> Vec<u8> {
        let (mut inner, mut outer) = (self.inner.clone(), self.outer.clone());
        inner.update(data);
        outer.update(&inner.finish());
        outer.finish()
    }
}

/// PBKDF2 for one block (`Hi` of RFC 5802 §2.2), which can be left and taken up again.
#[derive(Clone)]
pub(super) struct Stretch {
    keyed: Keyed,
    last: Vec<u8>,
    sum: Vec<u8>,
    left: u32,
}

impl Stretch {
    /// Begins with the first of `rounds`, which are one or more.
    pub(super) fn new(hash: Hash, password: &[u8], salt: &[u8], rounds: u32) -> Self {
        let keyed = Keyed::new(hash, password);
        let last = keyed.digest(&[salt, &[0, 0, 0, 1]].concat());
        Self { keyed, sum: last.clone(), last, left: rounds.saturating_sub(1) }
    }

    /// Does `rounds` more at most, and returns how many are left.
    pub(super) fn work(&mut self, rounds: u32) -> u32 {
        let now = rounds.min(self.left);
        for _ in 0..now {
            self.last = self.keyed.digest(&self.last);
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
        &self.sum
    }
}
