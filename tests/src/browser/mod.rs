//! Real browsers, without a window, driven as a person would: Chromium, Firefox, and WebKitGTK (Safari's engine).
//!
//! Every browser has a profile, a home folder and a driver of its own, all of which end when it is dropped. None
//! reaches beyond loopback. `intranet.test` is a host name for 127.0.0.1, which to Chromium and Firefox is no secure
//! context, as an intranet page is none.

mod bidi;
mod engine;
mod errors;
mod page;

use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;
use thirtyfour::common::capabilities::desiredcapabilities::Capabilities;
use thirtyfour::{WebDriver, WebElement};

use crate::failure::{Failure, TestResult};
use crate::process::{Process, free_addr};
use crate::wait::listening;

use bidi::Bidi;

/// A browser's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Debian's chromium, by chromedriver.
    Chromium,
    /// firefox-esr, by geckodriver.
    Firefox,
    /// WebKitGTK's MiniBrowser on a virtual display, by WebKitWebDriver.
    WebKit,
}

impl Engine {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];
}

/// A running browser with one page. Functions that take a CSS selector wait until an element is there.
pub struct Browser {
    engine: Engine,
    driver: WebDriver,
    bidi: Option<Bidi>,
    errors: Mutex<Vec<String>>,
    // Dropped in this order: the driver with its browser, the display, the profile.
    process: Process,
    _display: Option<Process>,
    _folder: TempDir,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Browser({:?})", self.engine)
    }
}

impl Browser {
    /// Starts driver and browser.
    ///
    /// # Errors
    /// When one is missing: the text says what to install. When one does not start: the text holds its log.
    pub async fn start(engine: Engine) -> TestResult<Self> {
        let folder = tempfile::Builder::new().prefix("ehlo-browser-").tempdir()?;
        let addr = free_addr()?;
        let display = match engine {
            Engine::WebKit => Some(engine::display(folder.path()).await?),
            Engine::Chromium | Engine::Firefox => None,
        };
        let mut process = engine.driver(folder.path(), addr, display.as_ref().map(|(_, name)| name.as_str()))?;
        listening(addr, &mut process).await?;
        let driver =
            session(addr, engine.capabilities(folder.path())?).await.map_err(|failure| failure.with(process.log()))?;
        let browser = Self {
            engine,
            bidi: Bidi::of(&driver).await?,
            driver,
            errors: Mutex::default(),
            process,
            _display: display.map(|(process, _)| process),
            _folder: folder,
        };
        browser.driver.set_script_timeout(crate::wait::PATIENCE).await?;
        Ok(browser)
    }

    /// Its kind.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The WebDriver session, for what has no function here.
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// What driver and browser have printed, for failure texts.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// A DevTools command and its result; Chromium only.
    ///
    /// # Errors
    /// In other browsers, and when the command fails.
    pub async fn devtools(&self, method: &str, params: Value) -> TestResult<Value> {
        if self.engine != Engine::Chromium {
            return Err(Failure::new(format!("{:?} has no DevTools commands", self.engine)));
        }
        Ok(self.driver.cdp().send_raw(method, params).await?)
    }

    /// The element that has the focus, through open shadow roots.
    ///
    /// # Errors
    /// When the page has none.
    pub async fn focused(&self) -> TestResult<WebElement> {
        let script = "let e = document.activeElement;
            while (e && e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement;
            return e;";
        Ok(self.driver.execute(script, []).await?.element()?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The browser ends with its driver's processes; the library would block to ask for it politely.
        let _ = self.driver.clone().leak();
    }
}

async fn session(addr: SocketAddr, capabilities: Capabilities) -> TestResult<WebDriver> {
    Ok(WebDriver::builder(format!("http://{addr}"), capabilities).connect().await?)
}
