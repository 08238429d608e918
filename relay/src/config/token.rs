//! Tokens: words that a page must know before the relay does anything for it. Only their hashes are kept.

use std::fmt::{self, Write as _};

use ehlo_core::secret::Secret;
use sha2::{Digest as _, Sha256};

/// The fewest characters of a token that is given in clear: 128 bits take 22 in base64.
pub const TOKEN_MIN: usize = 22;

/// A token that the relay accepts, by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whose it is, for the log.
    pub name: String,
    hash: [u8; 32],
}

/// Not a SHA-256 hash in hexadecimal, or a token that can be guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not 64 hexadecimal digits.
    NoHash,
    /// Shorter than [`TOKEN_MIN`] characters.
    TooShort,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHash => {
                f.write_str("is no SHA-256 hash, which has 64 hexadecimal digits; \"ehlo token\" prints one")
            }
            Self::TooShort => {
                write!(
                    f,
                    "has fewer than {TOKEN_MIN} characters and could be guessed; \"ehlo token\" prints a good one"
                )
            }
        }
    }
}

impl std::error::Error for TokenError {}

impl Token {
    /// From the hash that `ehlo token` prints.
    ///
    /// # Errors
    /// [`TokenError::NoHash`].
    pub fn from_hash(name: &str, hexadecimal: &str) -> Result<Self, TokenError> {
        let mut hash = [0; 32];
        let text = hexadecimal.trim().as_bytes();
        if text.len() != 64 {
            return Err(TokenError::NoHash);
        }
        for (octet, digits) in hash.iter_mut().zip(text.chunks(2)) {
            let value = |digit: u8| char::from(digit).to_digit(16).ok_or(TokenError::NoHash);
            *octet = (value(digits[0])? * 16 + value(digits[1])?).try_into().map_err(|_| TokenError::NoHash)?;
        }
        Ok(Self { name: name.to_owned(), hash })
    }

    /// From the token itself, as a file or the environment has it; space around it is not part of it.
    ///
    /// # Errors
    /// [`TokenError::TooShort`].
    pub fn from_secret(name: &str, secret: &Secret) -> Result<Self, TokenError> {
        let text = secret.reveal().trim();
        if text.chars().count() < TOKEN_MIN {
            return Err(TokenError::TooShort);
        }
        Ok(Self { name: name.to_owned(), hash: hash(text) })
    }

    /// The beginning of its hash, by which its uses are counted.
    pub(crate) fn id(&self) -> [u8; 8] {
        std::array::from_fn(|at| self.hash[at])
    }

    /// The hash, as the configuration has it.
    pub fn hexadecimal(&self) -> String {
        self.hash.iter().fold(String::new(), |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        })
    }
}

/// The token that a page has shown, if there is one like it. How long this takes says nothing of the tokens: hashes
/// are compared, all of them, and each to its end.
pub(crate) fn find<'a>(tokens: &'a [Token], shown: &Secret) -> Option<&'a Token> {
    let shown = hash(shown.reveal().trim());
    tokens.iter().fold(None, |found, token| match same(&token.hash, &shown) {
        true => Some(token),
        false => found,
    })
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).fold(0, |unlike, (one, other)| unlike | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "correct-horse-battery-staple";

    #[test]
    fn a_token_is_known_by_its_hash_and_by_nothing_near_it() {
        let token = Token::from_secret("alice", &Secret::new(format!("{LONG}\n"))).unwrap();
        let again = Token::from_hash("alice", &token.hexadecimal()).unwrap();
        assert_eq!(token, again);
        let tokens = [again];
        assert_eq!(find(&tokens, &Secret::new(LONG)).map(|token| token.name.as_str()), Some("alice"));
        for wrong in ["", "correct-horse-battery-stapl", &token.hexadecimal(), "CORRECT-HORSE-BATTERY-STAPLE"] {
            assert_eq!(find(&tokens, &Secret::new(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_hash_and_what_can_be_guessed_is_refused() {
        for wrong in ["", "abc", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert_eq!(Token::from_hash("a", wrong), Err(TokenError::NoHash), "{wrong}");
        }
        assert_eq!(Token::from_secret("a", &Secret::new("short")), Err(TokenError::TooShort));
    }

    #[test]
    fn neither_token_nor_debug_output_holds_the_secret() {
        let token = Token::from_secret("alice", &Secret::new(LONG)).unwrap();
        assert!(!format!("{token:?}").contains(LONG));
    }
}
