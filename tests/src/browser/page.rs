//! What a person does with a page, and sees on it.

use std::path::Path;

use serde_json::{Value, json};
use thirtyfour::WebElement;
use tokio::time::{Instant, sleep};

use super::{Browser, Engine};
use crate::failure::{Failure, TestResult};
use crate::wait::PATIENCE;

const PAUSE: std::time::Duration = std::time::Duration::from_millis(10);

/// Finds in the document, and then in every open shadow root below it.
const FIND: &str = r"
    const find = (root, css) => {
        const here = root.querySelector(css);
        if (here) return here;
        for (const element of root.querySelectorAll('*')) {
            const inside = element.shadowRoot && find(element.shadowRoot, css);
            if (inside) return inside;
        }
        return null;
    };";

impl Browser {
    /// Opens a page, and waits until it has loaded.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn goto(&self, url: &str) -> TestResult {
        if self.engine != Engine::WebKit {
            return Ok(self.driver.goto(url).await?);
        }
        // The page that is left takes its errors with it.
        self.errors().await?;
        self.driver.goto("about:blank").await?;
        self.poll("an empty page", async || Ok(self.js("location.href").await?.as_str() == Some("about:blank")))
            .await?;
        self.driver.goto(url).await?;
        self.poll(&format!("{url} to load"), async || self.hook_late().await).await
    }

    /// Loads the page again.
    ///
    /// # Errors
    /// When it does not load.
    pub async fn reload(&self) -> TestResult {
        match self.engine {
            Engine::Chromium | Engine::Firefox => Ok(self.driver.refresh().await?),
            Engine::WebKit => {
                let url = self.driver.current_url().await?;
                self.goto(url.as_str()).await
            }
        }
    }

    /// The value of a JavaScript expression.
    ///
    /// # Errors
    /// When it throws.
    pub async fn js(&self, expression: &str) -> TestResult<Value> {
        Ok(self.driver.execute(format!("return ({expression});"), []).await?.json().clone())
    }

    /// Runs the body of a JavaScript function with `arguments`, and gives what it returns.
    ///
    /// # Errors
    /// When it throws.
    pub async fn run(&self, body: &str, arguments: Vec<Value>) -> TestResult<Value> {
        Ok(self.driver.execute(body, arguments).await?.json().clone())
    }

    /// Runs the body of an async JavaScript function with `args` as an array, and waits for what it returns.
    ///
    /// # Errors
    /// When it throws, or does not end in time.
    pub async fn run_async(&self, body: &str, arguments: Vec<Value>) -> TestResult<Value> {
        let script = format!(
            "const args = Array.from(arguments); const done = args.pop();
             (async () => {{ {body} }})().then(
                 value => done({{ value: value === undefined ? null : value }}), error => done({{ error: String(error) }}));"
        );
        let told = self.driver.execute_async(script, arguments).await?.json().clone();
        match told.get("error") {
            Some(error) => Err(Failure::new(format!("the page's script failed: {error}"))),
            None => Ok(told["value"].clone()),
        }
    }

    /// Waits until a JavaScript expression is true.
    ///
    /// # Errors
    /// When it does not become true in time; the text holds the page's text and errors.
    pub async fn wait_for(&self, condition: &str) -> TestResult {
        let script = format!("{FIND} const shadow = css => find(document, css); return Boolean({condition});");
        let look = async || Ok(self.driver.execute(script.as_str(), []).await?.json() == &Value::Bool(true));
        let waited = self.poll(&format!("{condition:?} to be true"), look).await;
        match waited {
            Ok(()) => Ok(()),
            Err(failure) => {
                let text = self.page_text().await.unwrap_or_default();
                let errors = self.errors().await.unwrap_or_default().join("\n");
                Err(failure.with(format!("--- page in {:?}\n{text}\n--- its errors\n{errors}", self.engine)))
            }
        }
    }

    /// The first element for a CSS selector, also inside open shadow roots, as soon as there is one.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn shadow(&self, css: &str) -> TestResult<WebElement> {
        self.wait_for(&format!("shadow({})", json!(css))).await?;
        Ok(self
            .driver
            .execute(format!("{FIND} return find(document, arguments[0]);"), [json!(css)])
            .await?
            .element()?)
    }

    /// The text of an element as it is shown.
    ///
    /// # Errors
    /// As [`Browser::shadow`].
    pub async fn text(&self, css: &str) -> TestResult<String> {
        Ok(self.shadow(css).await?.text().await?)
    }

    /// Clicks an element, as soon as it is there and can be clicked.
    ///
    /// # Errors
    /// As [`Browser::shadow`], or when it is hidden or covered.
    pub async fn click(&self, css: &str) -> TestResult {
        let element = self.shadow(css).await?;
        // A person scrolls to what they press; what sticks to an edge of the page would cover it there.
        let to_the_middle =
            "const [found] = arguments; (found.closest('select') || found).scrollIntoView({ block: 'center' })";
        self.driver.execute(to_the_middle, [element.to_json()?]).await?;
        element.click().await.map_err(|error| Failure::from(error).with(format!("clicking {css}")))
    }

    /// Types into an element.
    ///
    /// # Errors
    /// As [`Browser::shadow`], or when it takes no keys.
    pub async fn type_into(&self, css: &str, keys: &str) -> TestResult {
        let element = self.shadow(css).await?;
        element.send_keys(keys).await.map_err(|error| Failure::from(error).with(format!("typing into {css}")))
    }

    /// Replaces what an input field holds.
    ///
    /// # Errors
    /// As [`Browser::type_into`].
    pub async fn fill(&self, css: &str, text: &str) -> TestResult {
        self.shadow(css).await?.clear().await?;
        self.type_into(css, text).await
    }

    /// Presses keys wherever the focus is. Special keys are characters of [`thirtyfour::Key`].
    ///
    /// # Errors
    /// When the driver refuses.
    pub async fn press(&self, keys: &str) -> TestResult {
        Ok(self.driver.action_chain().send_keys(keys).perform().await?)
    }

    /// All text of the page and of its open shadow roots, as it is shown.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub async fn page_text(&self) -> TestResult<String> {
        let script = r"
            const collect = root => [...root.querySelectorAll('*')].filter(e => e.shadowRoot)
                .flatMap(e => [...e.shadowRoot.children].map(c => c.innerText || '').concat(collect(e.shadowRoot)));
            return [document.body ? document.body.innerText : '', ...collect(document)].join('\n');";
        Ok(self.run(script, Vec::new()).await?.as_str().unwrap_or_default().to_owned())
    }

    /// Saves what is to be seen as a PNG file.
    ///
    /// # Errors
    /// When the picture cannot be made or saved.
    pub async fn screenshot(&self, file: &Path) -> TestResult {
        std::fs::write(file, self.driver.screenshot_as_png().await?)?;
        Ok(())
    }

    /// Sets the size of the page in CSS pixels; exact in Chromium, of the whole window elsewhere. Firefox and WebKit do
    /// not go below some 450 pixels of width.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn resize(&self, width: u32, height: u32) -> TestResult {
        self.emulate_size(width, height, false).await
    }

    /// The size and touch screen of a small phone, 360 by 800.
    ///
    /// # Errors
    /// When the browser refuses.
    pub async fn phone(&self) -> TestResult {
        self.emulate_size(360, 800, true).await
    }

    async fn emulate_size(&self, width: u32, height: u32, mobile: bool) -> TestResult {
        if self.engine != Engine::Chromium {
            return Ok(self.driver.set_window_rect(0, 0, width, height).await?);
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", size).await?;
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": mobile })).await?;
        Ok(())
    }

    /// Whether the person prefers dark pages (`prefers-color-scheme`); Chromium only.
    ///
    /// # Errors
    /// In other browsers.
    pub async fn dark(&self, dark: bool) -> TestResult {
        let value = if dark { "dark" } else { "light" };
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": value }] });
        self.devtools("Emulation.setEmulatedMedia", features).await.map(drop)
    }

    /// Asks again and again. A page on its way to the next one may refuse to answer: that is no end.
    async fn poll(&self, what: &str, mut look: impl AsyncFnMut() -> TestResult<bool>) -> TestResult {
        let end = Instant::now() + PATIENCE;
        loop {
            let last = look().await;
            if matches!(last, Ok(true)) {
                return Ok(());
            }
            if Instant::now() >= end {
                let failure = Failure::new(format!("waited {PATIENCE:?} for {what}, in vain"));
                return Err(match last {
                    Ok(_) => failure,
                    Err(error) => failure.with(error.text()),
                });
            }
            sleep(PAUSE).await;
        }
    }
}
