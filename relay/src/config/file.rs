//! The configuration as a TOML file has it: what is not in it keeps the profile's default.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use ehlo_core::secret::Secret;
use serde::Deserialize;
use toml::de::{DeTable, DeValue, ValueDeserializer};
use toml::{Spanned, Value};

use super::options::{self, Given};
use super::{Config, Profile, Token};

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

/// A token: its hash, or where the token itself is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenEntry {
    sha256: Option<String>,
    file: Option<PathBuf>,
}

impl Config {
    /// Reads a TOML file. `profile` comes before the file's own.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, or has an option that there is not: where, and what to write.
    pub fn from_file(path: &Path, profile: Option<Profile>) -> Result<Self, FileError> {
        let failed = |why: String| FileError { file: path.to_owned(), why };
        let text = fs::read_to_string(path).map_err(|error| failed(unreadable(&error)))?;
        Self::from_text(&text, path.parent().unwrap_or(Path::new("")), profile).map_err(failed)
    }

    /// Reads TOML; paths in it begin at `beside`.
    pub(crate) fn from_text(text: &str, beside: &Path, profile: Option<Profile>) -> Result<Self, String> {
        let file = DeTable::parse(text).map_err(|error| misread(text, &error))?.into_inner();
        Reader { text, beside }.config(file, profile)
    }

    /// The file's configuration, where there is a file, with what flags and variables say; lists that only add are put
    /// together. It has been checked.
    ///
    /// # Errors
    /// What is wrong, in one line with what to do.
    pub fn read(file: Option<&Path>, given: &Given) -> Result<Self, String> {
        let profile = given.profile()?;
        let mut config = match file {
            Some(file) => Self::from_file(file, profile).map_err(|error| error.to_string())?,
            None => Self::of(profile.unwrap_or_default()),
        };
        for (entry, texts) in &given.values {
            entry.set_texts(&mut config, texts)?;
        }
        config.check().map_err(|error| error.to_string())?;
        Ok(config)
    }
}

impl Given {
    fn profile(&self) -> Result<Option<Profile>, String> {
        let said = self.values.iter().find(|(entry, _)| entry.name == "profile").and_then(|(_, texts)| texts.first());
        let find = |word: &String| Profile::ALL.into_iter().find(|profile| profile.word() == *word);
        said.map(|word| find(word).ok_or_else(|| format!("--profile {word}: write personal, intranet or public")))
            .transpose()
    }
}

/// A file's text, for the place of a mistake, and its folder.
struct Reader<'a> {
    text: &'a str,
    beside: &'a Path,
}

impl Reader<'_> {
    fn config(&self, file: DeTable<'_>, profile: Option<Profile>) -> Result<Config, String> {
        let own = match file.get("profile") {
            Some(value) => Some(self.value(value.clone()).and_then(|value| {
                value.try_into::<Profile>().map_err(|error| self.at(file_key(&file, "profile"), &message(&error)))
            })?),
            None => None,
        };
        let mut config = Config::of(profile.or(own).unwrap_or_default());
        self.table("", file, &mut config)?;
        Ok(config)
    }

    /// Takes each key of a table; `prefix` is the table's name and a dot.
    fn table(&self, prefix: &str, table: DeTable<'_>, config: &mut Config) -> Result<(), String> {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let group = format!("{name}.");
            if let Some(entry) = options::ALL.iter().find(|entry| entry.name == name) {
                let value = self.value(value)?;
                entry.set(config, value, self.beside).map_err(|why| self.at(key.span(), &why))?;
            } else if options::ALL.iter().any(|entry| entry.name.starts_with(&group)) {
                let DeValue::Table(inner) = value.into_inner() else {
                    return Err(self.at(key.span(), &format!("this is a table: write [{name}] and its options below")));
                };
                self.table(&group, inner, config)?;
            } else {
                return Err(self.at(key.span(), &unknown(&name)));
            }
        }
        Ok(())
    }

    fn value(&self, value: Spanned<DeValue<'_>>) -> Result<Value, String> {
        Value::deserialize(ValueDeserializer::from(value)).map_err(|error| misread(self.text, &error))
    }

    /// The mistake with its line.
    fn at(&self, span: Range<usize>, why: &str) -> String {
        placed(self.text, span, why)
    }
}

fn file_key(file: &DeTable<'_>, name: &str) -> Range<usize> {
    file.get_key_value(name).map(|(key, _)| key.span()).unwrap_or_default()
}

/// There is no such option; which one is nearest.
fn unknown(name: &str) -> String {
    let like = |entry: &&options::Entry| (strsim::jaro_winkler(entry.name, name) * 1000.0) as u32;
    let nearest = options::ALL.iter().max_by_key(like).map_or("profile", |entry| entry.name);
    format!("there is no option {name:?}; perhaps \"{nearest}\" is meant, and \"ehlo options\" lists all")
}

/// The token of an entry of `[tokens]`.
pub(super) fn token(name: &str, entry: Value, beside: &Path) -> Result<Token, String> {
    let either = || format!("the token {name:?} needs either sha256 = \"…\" or file = \"…\"");
    let entry: TokenEntry = entry.try_into().map_err(|_| either())?;
    let token = match (&entry.sha256, &entry.file) {
        (Some(hash), None) => Token::from_hash(name, hash),
        (None, Some(file)) => {
            let file = beside.join(file);
            let secret = fs::read_to_string(&file).map_err(|error| {
                format!("the token {name:?} is in {}, and that {}", file.display(), unreadable(&error))
            })?;
            Token::from_secret(name, &Secret::new(secret))
        }
        _ => return Err(either()),
    };
    token.map_err(|error| format!("the token {name:?} {error}"))
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => format!("cannot be read ({error})"),
    }
}

fn message(error: &toml::de::Error) -> String {
    error.message().trim().replace('\n', "; ")
}

/// Where the mistake is, in one line; the library's own words know what was expected.
fn misread(text: &str, error: &toml::de::Error) -> String {
    match error.span() {
        Some(span) => placed(text, span, &message(error)),
        None => message(error),
    }
}

fn placed(text: &str, span: Range<usize>, why: &str) -> String {
    let before = text.get(..span.start).unwrap_or_default();
    let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
    // What stands behind the sign may be a secret in the wrong place.
    let option = line.split('=').next().unwrap_or_default().trim();
    format!("line {} ({option}): {why}", before.matches('\n').count() + 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::Limits;

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
