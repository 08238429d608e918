//! The page's files, which whoever starts the relay hands to it.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::OnceLock;

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Response, StatusCode};
use sha2::{Digest, Sha256};

use super::answer::{Body, not_allowed, plain};

/// One file of the page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path below the page's folder, with `/`.
    pub path: &'static str,
    /// The file.
    pub raw: &'static [u8],
    /// The file, compressed with brotli; empty where that does not make it smaller.
    pub brotli: &'static [u8],
    /// The file, compressed with gzip; empty where that does not make it smaller.
    pub gzip: &'static [u8],
    /// The entity tag of the content, without quotes.
    pub etag: &'static str,
}

impl Asset {
    /// The media type, by the ending of the path.
    pub fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("html") => "text/html; charset=utf-8",
            Some("js" | "mjs") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("wasm") => "application/wasm",
            Some("json" | "webmanifest") => "application/json",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("ico") => "image/x-icon",
            Some("woff2") => "font/woff2",
            Some("md") => "text/markdown; charset=utf-8",
            Some("txt" | "talk" | "ts") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }

    /// The octets that a first visit downloads where brotli is understood.
    pub fn smallest(&self) -> usize {
        if self.brotli.is_empty() { self.raw.len() } else { self.brotli.len() }
    }
}

/// The page that a relay serves: its files, or none.
#[derive(Debug)]
pub struct Assets {
    files: &'static [Asset],
    hash: OnceLock<String>,
}

impl Assets {
    /// What prints [`Assets::hash`], when it is said in a folder with the page's files and no others.
    pub const HASH_COMMAND: &str = "find * -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum";

    /// A page of these files.
    pub const fn new(files: &'static [Asset]) -> Self {
        Self { files, hash: OnceLock::new() }
    }

    /// No page: such a relay serves the tunnel only.
    pub fn none() -> &'static Self {
        static NONE: Assets = Assets::new(&[]);
        &NONE
    }

    /// Every file, by path.
    pub fn files(&self) -> &'static [Asset] {
        self.files
    }

    /// The file at this path, without a `/` in front.
    pub fn file(&self, path: &str) -> Option<&'static Asset> {
        self.files.iter().find(|asset| asset.path == path)
    }

    /// The hash of the page, in hexadecimal; none where there is no page.
    ///
    /// It is the SHA-256 of a list with one line a file, in the order of the paths: the SHA-256 of the file, two spaces,
    /// its path. `sha256sum` prints such lines, so that [`Self::HASH_COMMAND`] makes the same of an exported page.
    pub fn hash(&self) -> Option<&str> {
        let hash = || {
            let lines = self.files.iter().map(|file| format!("{}  {}\n", hex(&Sha256::digest(file.raw)), file.path));
            hex(&Sha256::digest(lines.collect::<String>()))
        };
        (!self.files.is_empty()).then(|| self.hash.get_or_init(hash).as_str())
    }

    /// Writes every file into a folder, for a static host; returns how many.
    ///
    /// # Errors
    /// A file or folder cannot be written.
    pub fn export(&self, folder: &Path) -> io::Result<usize> {
        for asset in self.files {
            let path = folder.join(asset.path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, asset.raw)?;
        }
        Ok(self.files.len())
    }

    /// Answers a request for a file; `embedders` are the origins that may frame [`EMBED`], separated by spaces.
    pub(crate) fn respond(&self, method: &Method, path: &str, headers: &HeaderMap, embedders: &str) -> Response<Body> {
        if !matches!(*method, Method::GET | Method::HEAD) {
            return not_allowed();
        }
        let path = path.strip_prefix('/').unwrap_or(path);
        match self.file(if path.is_empty() { "index.html" } else { path }) {
            Some(asset) => file(asset, method, headers, embedders),
            None => plain(StatusCode::NOT_FOUND),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::new(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// What a page may do: its own files, WebAssembly, and a relay anywhere. The page says the same of itself, for hosts that send
/// no such header.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; object-src 'none'";

/// What no page of Ehlo needs. Copying, sharing and asking for a relay in the local network are left as they are.
const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()";

/// The one page that other pages may frame.
const EMBED: &str = "embed.html";

fn file(asset: &Asset, method: &Method, asked: &HeaderMap, embedders: &str) -> Response<Body> {
    let (encoding, content) = encoded(asset, asked);
    let tag = match encoding {
        Some(encoding) => format!("\"{}-{encoding}\"", asset.etag),
        None => format!("\"{}\"", asset.etag),
    };
    let known = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let fresh = known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag);

    let mut response = Response::new(Body::default());
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::ETAG, &tag);
    set(header::VARY, "Accept-Encoding");
    set(header::CACHE_CONTROL, "no-cache");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    // The element may be loaded by any page; the tunnel asks for the origin itself.
    set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(HeaderName::from_static("cross-origin-resource-policy"), "cross-origin");
    if asset.path.ends_with(".html") {
        let more = if asset.path == EMBED && !embedders.is_empty() { format!(" {embedders}") } else { String::new() };
        // Only a header can say who may frame it.
        set(header::CONTENT_SECURITY_POLICY, &format!("{CONTENT_SECURITY_POLICY}; frame-ancestors 'self'{more}"));
        set(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
    }
    if fresh {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    set(header::CONTENT_TYPE, asset.content_type());
    if let Some(encoding) = encoding {
        set(header::CONTENT_ENCODING, encoding);
    }
    if *method == Method::HEAD {
        set(header::CONTENT_LENGTH, &content.len().to_string());
    } else {
        *response.body_mut() = Body::new(Bytes::from_static(content));
    }
    response
}

/// The smallest form of the file that the browser understands.
fn encoded(asset: &Asset, asked: &HeaderMap) -> (Option<&'static str>, &'static [u8]) {
    if !asset.brotli.is_empty() && accepts(asked, "br") {
        (Some("br"), asset.brotli)
    } else if !asset.gzip.is_empty() && accepts(asked, "gzip") {
        (Some("gzip"), asset.gzip)
    } else {
        (None, asset.raw)
    }
}

/// Whether `Accept-Encoding` names the coding, and not with a weight of 0 (RFC 9110 §12.5.3).
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let values = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        named && weight != Some(0.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coding_is_accepted_when_it_is_named_with_a_weight_above_zero() {
        let asked = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            headers
        };
        for (value, br) in [
            ("gzip, deflate, br", true),
            ("BR;q=0.5", true),
            ("br;q=0", false),
            ("br; q=0.0, gzip", false),
            ("brotli", false),
            ("", false),
        ] {
            assert_eq!(accepts(&asked(value), "br"), br, "{value}");
        }
        assert!(!accepts(&HeaderMap::new(), "br"));
    }
}
