//! What differs between the browsers: which programs, and how they are told to start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use thirtyfour::common::capabilities::desiredcapabilities::Capabilities;

use super::Engine;
use crate::failure::{Failure, TestResult};
use crate::packages::program;
use crate::process::{Process, command, command_ended_by, free_addr};
use crate::wait::{PATIENCE, until};

impl Engine {
    /// Starts the browser's driver on `addr`.
    pub(super) fn driver(self, folder: &Path, addr: SocketAddr, display: Option<&str>) -> TestResult<Process> {
        let port = addr.port();
        let mut driver = match self {
            Self::Chromium => {
                let path = program(&["chromedriver"], "run tests/run, or apt-get install chromium chromium-driver")?;
                let mut driver = command(path);
                driver.arg(format!("--port={port}"));
                driver
            }
            Self::Firefox => {
                let advice = "run tests/run, or cargo install geckodriver --version 0.37.1 --locked";
                let mut driver = command_ended_by("TERM", program(&["geckodriver"], advice)?);
                let sockets = free_addr()?.port();
                driver.args(["--host", "127.0.0.1", "--port", &port.to_string()]);
                driver.args(["--websocket-port", &sockets.to_string()]);
                driver
            }
            Self::WebKit => {
                let advice = "run tests/run, or apt-get install webkit2gtk-driver xvfb";
                let mut driver = command(program(&["WebKitWebDriver"], advice)?);
                driver.arg(format!("--port={port}"));
                // Its sandbox does not work for root.
                driver.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
                driver
            }
        };
        if let Some(display) = display {
            driver.env("DISPLAY", display);
        }
        private_home(&mut driver, folder);
        Process::start(&format!("the driver of {self:?}"), driver, &folder.join("driver.log"))
    }

    /// What the driver is asked for.
    pub(super) fn capabilities(self, folder: &Path) -> TestResult<Capabilities> {
        let wanted = match self {
            Self::Chromium => chromium(folder)?,
            Self::Firefox => firefox()?,
            Self::WebKit => webkit()?,
        };
        match wanted {
            Value::Object(map) => Ok(Capabilities::from(map)),
            other => Err(Failure::new(format!("capabilities must be an object: {other}"))),
        }
    }
}

fn chromium(folder: &Path) -> TestResult<Value> {
    let advice = "run tests/run, or apt-get install chromium chromium-driver";
    let binary = program(&["chromium", "chromium-browser"], advice)?;
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    Ok(json!({
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": {
            "binary": binary,
            "args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1280,900",
                // A browser whose driver is gone ends when the pipe does.
                "--remote-debugging-pipe",
                "--host-resolver-rules=MAP intranet.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
                profile,
            ],
        },
    }))
}

fn firefox() -> TestResult<Value> {
    let binary = program(&["firefox-esr", "firefox"], "run tests/run, or apt-get install firefox-esr")?;
    Ok(json!({
        "browserName": "firefox",
        "webSocketUrl": true,
        "moz:firefoxOptions": {
            "binary": binary,
            "args": ["-headless", "--width=1280", "--height=900"],
            "prefs": {
                "network.dns.localDomains": "intranet.test",
                // Whatever is not on loopback goes to a proxy that does not exist.
                "network.proxy.type": 1,
                "network.proxy.http": "127.0.0.1", "network.proxy.http_port": 9,
                "network.proxy.ssl": "127.0.0.1", "network.proxy.ssl_port": 9,
                "network.proxy.no_proxies_on": "localhost, 127.0.0.1, intranet.test",
            },
        },
    }))
}

fn webkit() -> TestResult<Value> {
    let places = ["webkit2gtk-4.1/MiniBrowser", "webkit2gtk-4.0/MiniBrowser", "webkitgtk-6.0/MiniBrowser"];
    let libraries = std::fs::read_dir("/usr/lib")?.flatten().map(|entry| entry.path());
    let binary: Option<PathBuf> =
        libraries.flat_map(|folder| places.map(|place| folder.join(place))).find(|path| path.is_file());
    let missing = "MiniBrowser is missing: run tests/run, or apt-get install webkit2gtk-driver xvfb";
    let binary = binary.ok_or_else(|| Failure::new(missing))?;
    Ok(json!({
        "browserName": "MiniBrowser",
        // A page's early errors are only seen by who does not wait for the whole load.
        "pageLoadStrategy": "none",
        "webkitgtk:browserOptions": { "binary": binary, "args": ["--automation"] },
    }))
}

/// Starts a virtual display, and gives its name. The server itself finds a free number.
pub(super) async fn display(folder: &Path) -> TestResult<(Process, String)> {
    let mut xvfb = command(program(&["Xvfb"], "run tests/run, or apt-get install xvfb")?);
    xvfb.args(["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]);
    private_home(&mut xvfb, folder);
    let process = Process::start("Xvfb", xvfb, &folder.join("display.log"))?;
    let number = || {
        let log = process.log();
        log.lines().find_map(|line| line.trim().parse::<u32>().ok())
    };
    let number =
        until("Xvfb to name its display", PATIENCE, number).await.map_err(|failure| failure.with(process.log()))?;
    Ok((process, format!(":{number}")))
}

fn private_home(program: &mut Command, folder: &Path) {
    for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"] {
        program.env(name, folder);
    }
}
