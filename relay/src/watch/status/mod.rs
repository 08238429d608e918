//! The page for the operator: how the relay is, plainly, without script.
//!
//! It stands at the operator's listener alone. No client and no target is on it but what the operator has written into the
//! configuration, and that only where the listener is for this machine. It does not know whose sessions it counts.

mod html;
mod words;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::front::https::Https;
use crate::http::answer::{Body, plain};
use crate::http::site::Site;
use crate::watch::tally::Tally;
use html::Html;
use words::{moment, of_connection, of_end, of_request, span};

/// Nothing but the page's own style sheet.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// How the last reload went.
#[derive(Clone, Debug)]
pub(crate) struct Reloaded {
    pub(crate) at: SystemTime,
    /// What stays as it was until a restart, or why all does.
    pub(crate) outcome: Result<Vec<&'static str>, String>,
}

/// The last reload; a relay that has had none has nothing here.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastReload(Arc<Mutex<Option<Reloaded>>>);

impl LastReload {
    pub(crate) fn was(&self, outcome: Result<Vec<&'static str>, String>) {
        let reloaded = Reloaded { at: SystemTime::now(), outcome };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reloaded);
    }

    fn told(&self) -> Option<Reloaded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What the page tells of.
pub(crate) struct Status<'a> {
    pub(crate) site: &'a Site,
    pub(crate) started: SystemTime,
    pub(crate) draining: bool,
    pub(crate) sessions_open: usize,
    pub(crate) reload: &'a LastReload,
    /// Whether nobody but this machine reads it, so that it may tell of the configuration.
    pub(crate) at_home: bool,
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tone {
    Good,
    Warn,
    Bad,
}

impl Tone {
    const fn paragraph(self) -> &'static str {
        match self {
            Self::Good => "<p class=\"state good\">",
            Self::Warn => "<p class=\"state warn\">",
            Self::Bad => "<p class=\"state bad\">",
        }
    }
}

/// The page's style sheet.
pub(crate) fn style() -> Response<Body> {
    respond("text/css; charset=utf-8", include_str!("style.css").into())
}

fn respond(kind: &'static str, body: Bytes) -> Response<Body> {
    let mut response = plain(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let resource_policy = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(resource_policy, HeaderValue::from_static("same-origin"));
    *response.body_mut() = Full::new(body);
    response
}

impl Status<'_> {
    /// The page.
    pub(crate) fn page(&self) -> Response<Body> {
        let mut html = Html::default();
        let now = SystemTime::now();
        let states = self.states(now);
        let well = states.iter().all(|(tone, _)| *tone == Tone::Good);
        html.markup("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
            .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
            .text(if well { "Ehlo is well" } else { "Ehlo needs a look" })
            .markup("</title><link rel=\"stylesheet\" href=\"/status.css\"></head><body><main><h1>Ehlo relay</h1>\n");
        for (tone, text) in &states {
            html.markup(tone.paragraph()).text(text).markup("</p>\n");
        }
        self.facts(&mut html, now);
        let metrics = &self.site.context.metrics;
        html.markup("<h2>Sessions that have ended</h2>\n");
        table(&mut html, &[(&metrics.ends, of_end)]);
        html.markup("<h2>Refused before a session</h2>\n");
        table(&mut html, &[(&metrics.connections, of_connection), (&metrics.requests, of_request)]);
        self.policy(&mut html);
        html.markup("<footer>").text(&httpdate::fmt_http_date(now)).markup(", load it again for what is new. ");
        html.markup("For monitoring: <a href=\"/metrics\">/metrics</a>.</footer></main></body></html>\n");
        respond("text/html; charset=utf-8", html.into_string().into())
    }

    /// How it is, the most important first.
    fn states(&self, now: SystemTime) -> Vec<(Tone, String)> {
        let mut states = Vec::new();
        let may_come = self.site.entrance.may_shake_hands();
        states.push(match (self.draining, may_come) {
            (true, _) => (Tone::Warn, "It is being stopped, and takes nothing new.".to_owned()),
            (_, false) => (Tone::Bad, "It waits for its certificate, and nobody can come before.".to_owned()),
            _ => (Tone::Good, "It takes new conversations.".to_owned()),
        });
        if self.site.entrance.certificate_ends().is_some_and(|ends| ends <= now) {
            states.push((Tone::Bad, "Its certificate is over, and browsers refuse it.".to_owned()));
        }
        if let Some(Https::Acme(acme)) = &self.site.entrance.https
            && let Some(why) = acme.fault()
        {
            let why = if self.at_home { why } else { "the log says why".to_owned() };
            let tone = if may_come { Tone::Warn } else { Tone::Bad };
            states.push((tone, format!("The last attempt to get a certificate failed: {why}")));
        }
        if let Some(Reloaded { at, outcome: Err(why) }) = self.reload.told() {
            let why = if self.at_home { why } else { "the log says why".to_owned() };
            let at = moment(at, now);
            states.push((
                Tone::Warn,
                format!("The configuration that was read again {at} cannot be used, and the old one holds: {why}"),
            ));
        }
        states
    }

    fn facts(&self, html: &mut Html, now: SystemTime) {
        let site = self.site;
        let limits = &site.context.limits;
        let up = span(now.duration_since(self.started).unwrap_or_default());
        html.markup("<dl>\n");
        fact(html, "Version", env!("CARGO_PKG_VERSION"));
        fact(html, "Up for", &up);
        fact(html, "Profile", site.context.profile.word());
        fact(html, "Sessions open", &format!("{} of {}", self.sessions_open, limits.sessions));
        let connections = format!("{} of {}", site.entrance.connections_open(), limits.connections);
        fact(html, "Still HTTP", &connections);
        fact(html, "Certificate", &self.certificate(now));
        if let Some(descriptors) = descriptors() {
            fact(html, "Descriptors", &descriptors);
        }
        fact(html, "Last reload", &self.last_reload(now));
        html.markup("</dl>\n");
    }

    fn certificate(&self, now: SystemTime) -> String {
        let kind = match &self.site.entrance.https {
            None => return "none: it speaks HTTP, and HTTPS is for what stands in front".to_owned(),
            Some(Https::Files(_)) => "from files",
            Some(Https::Acme(_)) => "by ACME",
        };
        match self.site.entrance.certificate_ends() {
            Some(ends) => format!("{kind}, until {}", moment(ends, now)),
            None => format!("{kind}, and there is none yet"),
        }
    }

    fn last_reload(&self, now: SystemTime) -> String {
        match self.reload.told() {
            None => "none since the start".to_owned(),
            Some(Reloaded { at, outcome: Ok(kept) }) => {
                let kept: String = kept.iter().map(|what| format!("; {what}")).collect();
                format!("{}: taken{kept}", moment(at, now))
            }
            Some(Reloaded { at, outcome: Err(_) }) => format!("{}: not taken", moment(at, now)),
        }
    }

    fn policy(&self, html: &mut Html) {
        html.markup("<h2>What it does</h2>\n");
        if !self.at_home {
            html.markup("<p class=\"quiet\">That is told where <code>metrics_listen</code> is an address for this machine alone.</p>\n");
            return;
        }
        html.markup("<ul>\n");
        for sentence in &self.site.sentences {
            html.markup("<li>").text(sentence).markup("</li>\n");
        }
        html.markup("</ul>\n");
    }
}

fn fact(html: &mut Html, name: &'static str, value: &str) {
    html.markup("<div><dt>").markup(name).markup("</dt><dd>").text(value).markup("</dd></div>\n");
}

/// Counts, and what each of their words says.
type Told<'a> = (&'a Tally, fn(&str) -> &'static str);

fn table(html: &mut Html, tallies: &[Told<'_>]) {
    if tallies.iter().all(|(tally, _)| tally.counts().is_empty()) {
        html.markup("<p class=\"quiet\">None since the start.</p>\n");
        return;
    }
    html.markup("<table><thead><tr><th scope=\"col\">How</th><th scope=\"col\" class=\"number\">Last hour</th>");
    html.markup("<th scope=\"col\" class=\"number\">Since start</th></tr></thead><tbody>\n");
    for (tally, says) in tallies {
        for count in tally.counts() {
            html.markup("<tr><th scope=\"row\">").text(says(count.word)).markup("<small>").text(count.word);
            html.markup("</small></th><td class=\"number\">").text(&count.last_hour.to_string());
            html.markup("</td><td class=\"number\">").text(&count.total.to_string()).markup("</td></tr>\n");
        }
    }
    html.markup("</tbody></table>\n");
}

/// How many descriptors are in use, where the system tells, and how many there may be.
#[cfg(unix)]
fn descriptors() -> Option<String> {
    let (most, _) = rlimit::Resource::NOFILE.get().ok()?;
    match std::fs::read_dir("/proc/self/fd") {
        // The listing itself takes one.
        Ok(open) => Some(format!("{} of {most}", open.count().saturating_sub(1))),
        Err(_) => Some(format!("{most} at most")),
    }
}

#[cfg(not(unix))]
fn descriptors() -> Option<String> {
    None
}
