//! How values get into the configuration, and out of it as text.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use toml::Value;

use crate::config::{Config, NamedTarget, Token, file};

/// The value as what it must be.
fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    value.try_into().map_err(|error: toml::de::Error| error.message().trim().replace('\n', "; "))
}

pub(super) fn put<T: DeserializeOwned>(place: &mut T, value: Value) -> Result<(), String> {
    *place = read(value)?;
    Ok(())
}

/// As [`put`], for what may be missing.
pub(super) fn some<T: DeserializeOwned>(place: &mut Option<T>, value: Value) -> Result<(), String> {
    *place = Some(read(value)?);
    Ok(())
}

/// Adds to a list: what a flag says comes beside what the file says.
pub(super) fn add<T: DeserializeOwned>(list: &mut Vec<T>, value: Value) -> Result<(), String> {
    list.extend(read::<Vec<T>>(value)?);
    Ok(())
}

/// Where to listen: addresses, and Unix sockets as `unix:PATH`. They come in place of the profile's.
pub(super) fn listeners(config: &mut Config, value: Value, beside: &Path) -> Result<(), String> {
    let texts: Vec<String> = read(value)?;
    (config.listen, config.listen_sockets) = (Vec::new(), Vec::new());
    for text in texts {
        match text.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => config.listen_sockets.push(beside.join(path)),
            _ => config.listen.push(text.parse().map_err(|_| {
                format!(
                    "{text:?} is no place to listen; write it as 127.0.0.1:2580, [::1]:2580 or unix:/run/ehlo/web.sock"
                )
            })?),
        }
    }
    Ok(())
}

pub(in crate::config) fn listeners_told(config: &Config) -> String {
    let sockets = config.listen_sockets.iter().map(|path| format!("unix:{}", path.display()));
    list(config.listen.iter().map(ToString::to_string).chain(sockets))
}

/// The proxies that are believed: networks, and `unix` for whoever comes over a Unix socket.
pub(super) fn proxies(config: &mut Config, value: Value) -> Result<(), String> {
    for text in read::<Vec<String>>(value)? {
        match text.as_str() {
            "unix" => config.trust_sockets = true,
            _ => config.trusted_proxies.push(text.parse().map_err(|_| {
                format!(
                    "{text:?} is no network; write it as 192.0.2.1/32 or 2001:db8::/64, or unix for the Unix sockets"
                )
            })?),
        }
    }
    Ok(())
}

pub(in crate::config) fn proxies_told(config: &Config) -> String {
    let sockets = config.trust_sockets.then(|| "unix".to_owned());
    list(config.trusted_proxies.iter().map(ToString::to_string).chain(sockets))
}

/// A file; a path that does not begin at the root begins at the folder of the configuration.
pub(super) fn file_beside(place: &mut Option<PathBuf>, value: Value, beside: &Path) -> Result<(), String> {
    *place = Some(beside.join(read::<PathBuf>(value)?));
    Ok(())
}

pub(super) fn file_told(file: Option<&Path>) -> String {
    file.map(|file| file.display().to_string()).unwrap_or_default()
}

/// A time in whole seconds.
pub(super) fn seconds(place: &mut Duration, value: Value) -> Result<(), String> {
    *place = Duration::from_secs(read(value)?);
    Ok(())
}

/// Origins; a browser's has no path, and people paste one with the slash.
pub(super) fn origins(list: &mut Vec<String>, value: Value) -> Result<(), String> {
    let origins: Vec<String> = read(value)?;
    list.extend(origins.iter().map(|url| url.trim_end_matches('/').to_owned()));
    Ok(())
}

/// Servers with a name: tables, or `NAME=HOST:PORT`.
pub(super) fn targets(targets: &mut BTreeMap<String, NamedTarget>, value: Value) -> Result<(), String> {
    match value {
        Value::Array(texts) => {
            for text in texts {
                let (name, target) = target(&read::<String>(text)?)?;
                targets.insert(name, target);
            }
        }
        tables => targets.extend(read::<BTreeMap<_, _>>(tables)?),
    }
    Ok(())
}

fn target(text: &str) -> Result<(String, NamedTarget), String> {
    let parts = text.split_once('=').and_then(|(name, server)| Some((name, server.rsplit_once(':')?)));
    let Some((name, (host, port))) = parts else {
        return Err("write it as exchange=mail.corp.example:25".to_owned());
    };
    let port = port.parse().map_err(|_| format!("{port:?} is no port"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((name.to_owned(), NamedTarget { host, port, implicit_tls: false, allow_proxy_header: false }))
}

/// Tokens: tables, or `NAME=SHA256`. No message repeats what may be a secret in the wrong place.
pub(super) fn tokens(tokens: &mut Vec<Token>, value: Value, beside: &Path) -> Result<(), String> {
    match value {
        Value::Array(texts) => {
            for text in texts {
                let text = text.as_str().and_then(|text| text.split_once('='));
                let (name, hash) = text.ok_or("write the name, \"=\" and the hash that \"ehlo token\" prints")?;
                let token = Token::from_hash(name, hash).map_err(|error| format!("the token {name:?} {error}"))?;
                tokens.push(token);
            }
        }
        Value::Table(entries) => {
            for (name, entry) in entries {
                tokens.push(file::token(&name, entry, beside)?);
            }
        }
        _ => return Err("tokens are written as [tokens.NAME] with sha256 = \"…\" or file = \"…\" below".to_owned()),
    }
    Ok(())
}

pub(super) fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

pub(super) fn maybe<T: Display>(item: Option<T>) -> String {
    item.map(|item| item.to_string()).unwrap_or_default()
}

pub(super) fn target_list(config: &Config) -> String {
    list(config.targets.iter().map(|(name, target)| match target.host.contains(':') {
        true => format!("{name}=[{}]:{}", target.host, target.port),
        false => format!("{name}={}:{}", target.host, target.port),
    }))
}
