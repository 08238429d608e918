//! Everything that goes wrong in a page: no test passes over an error on the console.
//!
//! Chromium's log has all of it. Firefox logs console calls, exceptions and policy, and [`EARLY_HOOK`], which runs before the
//! page's own scripts, adds files that do not load. WebKit has no log and no early hook: [`LATE_HOOK`] is put into the
//! page as soon as its document is there, so an error in the first milliseconds can escape.

use std::sync::PoisonError;

use serde_json::Value;

use super::{Browser, Engine};
use crate::failure::{Failure, TestResult};

/// Turns files that do not load into console errors.
pub(super) const EARLY_HOOK: &str = r"
    addEventListener('error', e => {
        if (e.target !== window) console.error(`not loaded: ${e.target.src || e.target.href}`);
    }, true);";

/// Collects errors in the page. Running it again changes nothing.
pub(super) const LATE_HOOK: &str = r"
    if (!window.ehloErrors) {
        const seen = window.ehloErrors = [];
        const show = x => x instanceof Error ? `${x} ${x.stack}` : String(x);
        const old = console.error;
        console.error = (...words) => { seen.push(words.map(show).join(' ')); old.apply(console, words); };
        addEventListener('unhandledrejection', e => seen.push(`unhandled rejection: ${show(e.reason)}`));
        addEventListener('securitypolicyviolation', e =>
            seen.push(`Content-Security-Policy: ${e.effectiveDirective} forbids ${e.blockedURI}`));
        addEventListener('error', e => seen.push(e.target === window
            ? `${e.message} (${e.filename}:${e.lineno})` : `not loaded: ${e.target.src || e.target.href}`), true);
    }";

impl Browser {
    /// All errors of all pages so far: exceptions, rejected promises, console errors, files that did not load,
    /// violations of the Content-Security-Policy.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn errors(&self) -> TestResult<Vec<String>> {
        let new = match self.engine {
            Engine::Chromium => {
                let log = self.driver.browser_log().await?;
                log.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message).collect()
            }
            Engine::Firefox => match &self.bidi {
                Some(bidi) => bidi.errors().await?,
                None => return Err(Failure::new("this Firefox does not report errors (no webSocketUrl)")),
            },
            Engine::WebKit => {
                let seen = self.driver.execute("return (window.ehloErrors || []).splice(0)", []).await?;
                serde_json::from_value(seen.json().clone())?
            }
        };
        let mut all = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend::<Vec<String>>(new);
        Ok(all.clone())
    }

    /// Fails if any page had an error; the end of every page test.
    ///
    /// # Errors
    /// The errors, one a line.
    pub async fn expect_no_errors(&self) -> TestResult {
        let errors = self.errors().await?;
        if errors.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("the page in {:?} had errors:\n{}", self.engine, errors.join("\n"))))
    }

    /// Takes the errors that a test has caused on purpose, so that [`Browser::expect_no_errors`] is about the rest.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn take_errors(&self) -> TestResult<Vec<String>> {
        self.errors().await?;
        Ok(std::mem::take(&mut *self.errors.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    /// Puts the late hook into the page, and says whether the document is complete.
    pub(super) async fn hook_late(&self) -> TestResult<bool> {
        let script = format!(
            "if (location.href === 'about:blank') return false; {LATE_HOOK} return document.readyState === 'complete'"
        );
        Ok(self.driver.execute(script, []).await?.json() == &Value::Bool(true))
    }
}
