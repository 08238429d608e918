//! The page's files: headers, encodings, export.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use ehlo_cli::page;
use ehlo_relay::{Assets, CONTENT_SECURITY_POLICY, Config, Running};

use crate::support::{answer, relay_serving};

async fn relay_with(change: impl FnOnce(&mut Config)) -> Running {
    relay_serving(page(), change).await
}

/// The head, in lower case, and the body.
async fn get(running: &Running, line: &str, more: &[&str]) -> (String, Vec<u8>) {
    let line = format!("{line} HTTP/1.1");
    let host = format!("Host: {}", running.address());
    let mut lines = vec![line.as_str(), &host];
    lines.extend(more);
    let answer = answer(running, &lines).await;
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    (String::from_utf8_lossy(&answer[..end]).to_lowercase(), answer[end + 4..].to_vec())
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[tokio::test]
async fn every_file_is_served_as_it_is_with_its_type_and_headers() {
    let running = relay_with(|_| {}).await;
    assert!(page().file("wasm/ehlo.js").is_some());
    assert!(page().file("wasm/ehlo_bg.wasm").is_some());
    for asset in page().files() {
        let (head, body) = get(&running, &format!("GET /{}", asset.path), &[]).await;
        assert!(head.starts_with("http/1.1 200 "), "{head}");
        assert_eq!(body, asset.raw, "{}", asset.path);
        assert_eq!(value(&head, "content-type"), Some(asset.content_type()));
        assert_ne!(asset.content_type(), "application/octet-stream", "{} has a type", asset.path);
        for (name, expected) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("cache-control", "no-cache"),
            ("vary", "accept-encoding"),
        ] {
            assert_eq!(value(&head, name), Some(expected), "{}", asset.path);
        }
        assert_eq!(value(&head, "content-security-policy").is_some(), asset.path.ends_with(".html"));
    }
}

#[tokio::test]
async fn the_smallest_encoding_that_the_browser_knows_is_sent() {
    let running = relay_with(|_| {}).await;
    let asset = page().file("wasm/ehlo.js").unwrap();
    for (accepted, encoding, content) in [
        ("gzip, deflate, br", Some("br"), asset.brotli),
        ("gzip, deflate", Some("gzip"), asset.gzip),
        ("identity", None, asset.raw),
        ("br;q=0, gzip;q=0", None, asset.raw),
    ] {
        let asked = format!("Accept-Encoding: {accepted}");
        let (head, body) = get(&running, "GET /wasm/ehlo.js", &[&asked]).await;
        assert_eq!(value(&head, "content-encoding"), encoding, "{accepted}");
        assert!(body == content && !body.is_empty(), "{accepted}");
        let tag = format!("If-None-Match: {}", value(&head, "etag").unwrap());
        let (again, body) = get(&running, "GET /wasm/ehlo.js", &[&asked, &tag]).await;
        assert!(again.starts_with("http/1.1 304 ") && body.is_empty(), "{again}");
    }
}

#[tokio::test]
async fn the_page_may_not_be_framed_by_strangers_and_the_embedded_one_by_listed_origins() {
    let running = relay_with(|config| config.allow_origins.push("https://docs.example".to_owned())).await;
    let (index, _) = get(&running, "GET /", &[]).await;
    let policy = value(&index, "content-security-policy").unwrap();
    for part in [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "connect-src 'self' ws: wss:",
        "base-uri 'none'",
        "form-action 'none'",
        "object-src 'none'",
        "frame-ancestors 'self'",
    ] {
        assert!(policy.split(';').any(|found| found.trim() == part), "{part}: {policy}");
    }
    let (embed, _) = get(&running, "GET /embed.html", &[]).await;
    let policy = value(&embed, "content-security-policy").unwrap();
    assert!(policy.ends_with("frame-ancestors 'self' https://docs.example"), "{policy}");
}

/// On a static host nobody sends the header.
#[test]
fn every_page_carries_its_policy_itself_before_anything_that_it_loads() {
    let mut seen = 0;
    for asset in page().files().iter().filter(|asset| asset.path.ends_with(".html")) {
        seen += 1;
        let text = str::from_utf8(asset.raw).unwrap();
        let meta = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{CONTENT_SECURITY_POLICY}\">");
        let at = text.find(&meta).unwrap_or_else(|| panic!("{} lacks {meta}", asset.path));
        let first = ["<script", "<link", "<style", "<img"].iter().filter_map(|tag| text.find(tag)).min().unwrap();
        assert!(at < first, "{}", asset.path);
    }
    assert!(seen >= 2);
}

#[tokio::test]
async fn a_page_may_use_no_camera_and_the_like_and_may_copy_and_share() {
    let running = relay_with(|_| {}).await;
    let (head, _) = get(&running, "GET /", &[]).await;
    let policy = value(&head, "permissions-policy").unwrap();
    for closed in ["camera=()", "microphone=()", "geolocation=()", "usb=()", "serial=()"] {
        assert!(policy.contains(closed), "{policy}");
    }
    for needed in ["clipboard-write", "web-share", "local-network-access", "fullscreen"] {
        assert!(!policy.contains(needed), "{policy}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let running = relay_with(|_| {}).await;
    let (head, body) = get(&running, "HEAD /wasm/ehlo.js", &[]).await;
    let asset = page().file("wasm/ehlo.js").unwrap();
    assert_eq!(value(&head, "content-length"), Some(asset.raw.len().to_string().as_str()));
    assert!(body.is_empty());
}

#[tokio::test]
async fn export_writes_every_file_into_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let exported = folder.path().join("page");
    let output = Command::new(env!("CARGO_BIN_EXE_ehlo")).arg("export").arg(&exported).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    for part in [page().hash().unwrap(), Assets::HASH_COMMAND, "--allow-origin", &exported.display().to_string()] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let mut found = BTreeSet::new();
    walk(&exported, &exported, &mut found);
    let expected: BTreeSet<_> = page().files().iter().map(|asset| asset.path.to_owned()).collect();
    assert_eq!(found, expected);
    for asset in page().files() {
        assert_eq!(fs::read(exported.join(asset.path)).unwrap(), asset.raw);
    }
}

#[cfg(unix)]
#[test]
fn the_pages_hash_is_what_common_tools_make_of_the_exported_page() {
    let folder = tempfile::tempdir().unwrap();
    page().export(folder.path()).unwrap();
    let made = Command::new("sh").args(["-c", Assets::HASH_COMMAND]).current_dir(folder.path()).output().unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    assert_eq!(made.split_whitespace().next(), page().hash());

    fs::write(folder.path().join("index.html"), "changed").unwrap();
    let changed = Command::new("sh").args(["-c", Assets::HASH_COMMAND]).current_dir(folder.path()).output().unwrap();
    assert_ne!(String::from_utf8(changed.stdout).unwrap(), made);
}

#[test]
fn the_program_tells_the_pages_hash() {
    for argument in ["--version", "sizes"] {
        let output = Command::new(env!("CARGO_BIN_EXE_ehlo")).arg(argument).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let last = format!("page {}", page().hash().unwrap());
        assert_eq!(told.lines().last(), Some(last.as_str()), "{told}");
    }
}

fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, found);
        } else {
            found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
        }
    }
}
