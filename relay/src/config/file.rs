//! The configuration as a TOML file has it: what is not in it keeps the profile's default.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs, io};

use ehlo_core::secret::Secret;
use ipnet::IpNet;
use serde::Deserialize;

use super::{Config, NamedTarget, Profile, Token};
use crate::limits::Limits;

/// A file that cannot be used, and what to do.
#[derive(Debug)]
pub struct FileError {
    file: PathBuf,
    why: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file.display(), self.why)
    }
}

impl std::error::Error for FileError {}

/// What a file may say; every option of [`Config`] by the same name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Option<Profile>,
    listen: Option<Vec<SocketAddr>>,
    #[serde(default)]
    public_names: Vec<String>,
    ports: Option<Vec<u16>>,
    #[serde(default)]
    allow_ports: Vec<u16>,
    #[serde(default)]
    allow_networks: Vec<IpNet>,
    #[serde(default)]
    deny_networks: Vec<IpNet>,
    #[serde(default)]
    targets: BTreeMap<String, NamedTarget>,
    #[serde(default)]
    allow_origins: Vec<String>,
    #[serde(default)]
    trusted_proxies: Vec<IpNet>,
    #[serde(default)]
    tokens: BTreeMap<String, TokenEntry>,
    #[serde(default)]
    open_to_everybody: bool,
    dns: Option<SocketAddr>,
    #[serde(default)]
    practice: bool,
    #[serde(default)]
    limits: LimitEntries,
}

/// A token: its hash, or where the token itself is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    sha256: Option<String>,
    file: Option<PathBuf>,
}

/// The limits of a file: times in whole seconds, and counts, each by the name that it has in [`Limits`].
macro_rules! limit_entries {
    (seconds: $($time:ident)*; counts: $($count:ident: $kind:ty)*; at_most: $($most:ident: $most_kind:ty)*) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct LimitEntries {
            $($time: Option<u64>,)*
            $($count: Option<$kind>,)*
            $($most: Option<$most_kind>,)*
        }

        impl LimitEntries {
            /// The profile's limits with those of the file.
            fn over(self, mut limits: Limits) -> Limits {
                $(if let Some(seconds) = self.$time { limits.$time = Duration::from_secs(seconds); })*
                $(if let Some(count) = self.$count { limits.$count = count; })*
                $(if self.$most.is_some() { limits.$most = self.$most; })*
                limits
            }
        }
    };
}

limit_entries! {
    seconds: http_head http first_message resolve connect_each connect_all idle half_closed next_lookup lifetime ping grace;
    counts: connect_addresses: usize pings_unanswered: u32 sent: u64 received: u64 connections: usize connections_per_client: usize
        sessions: usize
        sessions_per_client: usize sessions_per_minute: u32 sessions_burst: u32 lookups_per_minute: u32
        at_once_per_target: usize per_minute_per_target: u32;
    at_most: sessions_per_day: u32 octets_per_day: u64 per_day_to_target: u32
}

impl Config {
    /// Reads a TOML file. `profile` comes before the file's own.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has an option that there is not: where, and what to write.
    pub fn from_file(path: &Path, profile: Option<Profile>) -> Result<Self, FileError> {
        let failed = |why: String| FileError { file: path.to_owned(), why };
        let text = fs::read_to_string(path).map_err(|error| failed(unreadable(&error)))?;
        let file: File = toml::from_str(&text).map_err(|error| failed(misread(&text, &error)))?;
        let beside = path.parent().unwrap_or(Path::new(""));
        file.config(profile, beside).map_err(failed)
    }
}

impl File {
    fn config(self, profile: Option<Profile>, beside: &Path) -> Result<Config, String> {
        let defaults = Config::of(profile.or(self.profile).unwrap_or_default());
        let tokens = self.tokens.iter().map(|(name, entry)| entry.token(name, beside)).collect::<Result<_, _>>()?;
        Ok(Config {
            listen: self.listen.unwrap_or(defaults.listen),
            public_names: self.public_names,
            ports: self.ports.unwrap_or(defaults.ports),
            allow_ports: self.allow_ports,
            allow_networks: self.allow_networks,
            deny_networks: self.deny_networks,
            targets: self.targets,
            allow_origins: self.allow_origins,
            trusted_proxies: self.trusted_proxies,
            tokens,
            open_to_everybody: self.open_to_everybody,
            dns: self.dns,
            practice: self.practice,
            limits: self.limits.over(defaults.limits),
            ..defaults
        })
    }
}

impl TokenEntry {
    fn token(&self, name: &str, beside: &Path) -> Result<Token, String> {
        let token = match (&self.sha256, &self.file) {
            (Some(hash), None) => Token::from_hash(name, hash),
            (None, Some(file)) => {
                let file = beside.join(file);
                let secret = fs::read_to_string(&file).map_err(|error| {
                    format!("the token {name:?} is in {}, and that {}", file.display(), unreadable(&error))
                })?;
                Token::from_secret(name, &Secret::new(secret))
            }
            _ => return Err(format!("the token {name:?} needs either sha256 = \"…\" or file = \"…\"")),
        };
        token.map_err(|error| format!("the token {name:?} {error}"))
    }
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => format!("cannot be read ({error})"),
    }
}

/// Where the mistake is, in one line; the library's own words know what was expected.
fn misread(text: &str, error: &toml::de::Error) -> String {
    let why = error.message().replace('\n', "; ");
    match error.span() {
        Some(span) => {
            let before = text.get(..span.start).unwrap_or_default();
            let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
            // What stands behind the sign may be a secret in the wrong place.
            let option = line.split('=').next().unwrap_or_default().trim();
            format!("line {} ({option}): {why}", before.matches('\n').count() + 1)
        }
        None => why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ehlo.toml");
        fs::write(folder.path().join("secret"), "0123456789abcdef0123456789\n").unwrap();
        fs::write(&path, text).unwrap();
        Config::from_file(&path, None).map_err(|error| error.to_string().replace(&path.display().to_string(), "FILE"))
    }

    #[test]
    fn what_a_file_does_not_say_is_as_the_profile_has_it() {
        let config = read("profile = \"public\"\n[limits]\nidle = 60\nsessions_per_day = 7\n").unwrap();
        let defaults = Limits::of(Profile::Public);
        assert_eq!(config.profile, Profile::Public);
        assert_eq!(config.limits.idle, Duration::from_secs(60));
        assert_eq!(config.limits.sessions_per_day, Some(7));
        assert_eq!((config.limits.sent, config.limits.octets_per_day), (defaults.sent, defaults.octets_per_day));
    }

    #[test]
    fn a_whole_file_is_read() {
        let config = read(
            "profile = \"intranet\"\nlisten = [\"0.0.0.0:2580\"]\npublic_names = [\"ehlo.corp.example:2580\"]\n\
             ports = [25]\nallow_networks = [\"192.0.2.0/24\", \"2001:db8::/32\"]\ndeny_networks = [\"192.0.2.9/32\"]\n\
             [targets.exchange]\nhost = \"mail.corp.example\"\nport = 2025\n\
             [tokens.alice]\nfile = \"secret\"\n",
        )
        .unwrap();
        assert_eq!(config.check(), Ok(()));
        assert_eq!(config.ports(), [25]);
        assert_eq!(config.targets["exchange"].port, 2025);
        assert_eq!(config.tokens[0].name, "alice");
    }

    #[test]
    fn a_mistake_is_told_in_one_line_with_its_place() {
        for (text, words) in [
            ("\nprofil = \"public\"\n", &["FILE: line 2 (profil): ", "profile"][..]),
            ("profile = \"open\"\n", &["line 1", "open", "intranet"]),
            ("listen = [\"localhost\"]\n", &["line 1"]),
            ("[limits]\nidle = \"long\"\n", &["line 2", "idle"]),
            ("[limits]\nidel = 1\n", &["line 2", "idel"]),
            ("[targets.a]\nhost = \"mx\"\n", &["port"]),
            ("[tokens.bob]\n", &["bob", "sha256"]),
            ("[tokens.bob]\nsha256 = \"12\"\n", &["bob", "ehlo token"]),
            ("[tokens.bob]\nfile = \"nowhere\"\n", &["bob", "does not exist"]),
            ("profile \"public\"\n", &["line 1"]),
        ] {
            let told = read(text).unwrap_err();
            assert_eq!(told.lines().count(), 1, "{told}");
            for word in words {
                assert!(told.contains(word), "{word:?} is not in {told:?}");
            }
        }
    }
}
