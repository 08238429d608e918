//! A plain static file server: the web host of somebody else, on an origin of its own.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::failure::TestResult;

/// A running file server; it ends when dropped.
#[derive(Debug)]
pub struct FileServer {
    addr: SocketAddr,
    task: JoinHandle<()>,
    site: Arc<Site>,
}

#[derive(Debug)]
struct Site {
    prefix: String,
    folder: PathBuf,
    headers: Vec<(HeaderName, HeaderValue)>,
    asked: Mutex<Vec<String>>,
}

impl FileServer {
    /// Serves `folder` below the path `prefix` (such as `/docs/tools/`, or `/`), each answer with these headers.
    ///
    /// # Errors
    /// When a header is none, or no port is free.
    pub async fn start(folder: impl Into<PathBuf>, prefix: &str, headers: &[(&str, &str)]) -> TestResult<Self> {
        let mut parsed = Vec::new();
        for (name, value) in headers {
            parsed.push((HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?));
        }
        let prefix = format!("/{}/", prefix.trim_matches('/')).replace("//", "/");
        let site = Arc::new(Site { prefix, folder: folder.into(), headers: parsed, asked: Mutex::default() });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let shared = Arc::clone(&site);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let site = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let answer = site.answer(&request);
                        async move { Ok::<_, Infallible>(answer) }
                    });
                    // A browser that goes away in the middle is no failure of the server.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Ok(Self { addr, task, site })
    }

    /// Scheme, host and port, as a browser writes an origin.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// The address of a file below the prefix.
    pub fn url(&self, file: &str) -> String {
        format!("{}{}{}", self.origin(), self.site.prefix, file.trim_start_matches('/'))
    }

    /// Every path that was asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.site.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Site {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        let found = self.read(path);
        let status = if found.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let (kind, body) = found.unwrap_or(("text/plain", b"not here\n".to_vec()));
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        for (name, value) in &self.headers {
            response.headers_mut().append(name, value.clone());
        }
        response
    }

    fn read(&self, path: &str) -> Option<(&'static str, Vec<u8>)> {
        // Browsers ask for it by themselves; its absence would be an error on the console.
        if path == "/favicon.ico" {
            return Some(("image/x-icon", Vec::new()));
        }
        let name = Path::new(path.strip_prefix(&self.prefix)?);
        if name.components().any(|part| !matches!(part, Component::Normal(_))) {
            return None;
        }
        let mut file = self.folder.join(name);
        if file.is_dir() {
            file.push("index.html");
        }
        let kind = match file.extension()?.to_str()? {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "wasm" => "application/wasm",
            "json" => "application/json",
            "svg" => "image/svg+xml",
            "png" => "image/png",
            _ => "text/plain; charset=utf-8",
        };
        Some((kind, std::fs::read(file).ok()?))
    }
}
