//! When the authority would have the certificate renewed (RFC 9773), which is early where it has to revoke it.

use std::time::{Duration, SystemTime};

use instant_acme::{Account, CertificateIdentifier};
use tokio::time::Instant;

use super::{Acme, LOOK};

/// The longest that the authority may have us wait with asking again.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What it has said last.
#[derive(Debug)]
pub(super) struct Advice {
    pub(super) at: Option<SystemTime>,
    /// When it may be asked again.
    again: Instant,
}

impl Advice {
    /// Of nobody yet, who may be asked `after` that time.
    pub(super) fn none(after: Duration) -> Self {
        Self { at: None, again: Instant::now() + after }
    }

    /// Asks, unless it is too early. An authority that does not answer, or gives no such advice, is no failure: there are the two
    /// thirds.
    pub(super) async fn refresh(&mut self, acme: &Acme) {
        if Instant::now() < self.again {
            return;
        }
        match acme.advice().await {
            Ok((at, wait)) => *self = Self { at: Some(at), again: Instant::now() + wait.clamp(LOOK, LONGEST) },
            Err(why) => {
                tracing::debug!(why, "the authority gives no advice when to renew");
                self.again = Instant::now() + LOOK;
            }
        }
    }
}

impl Acme {
    /// A moment in the window that is suggested, and how long the answer holds.
    async fn advice(&self) -> Result<(SystemTime, Duration), String> {
        let leaf = self.shown.leaf().ok_or("there is no certificate")?;
        let kept = self.store.account()?.ok_or("there is no account")?;
        let account = Account::builder_with_http(Box::new(self.client.clone())).from_credentials(kept).await;
        let account = account.map_err(|error| error.to_string())?;
        let (info, wait) =
            account.renewal_info(&CertificateIdentifier::try_from(&leaf)?).await.map_err(|error| error.to_string())?;
        let window = info.suggested_window;
        let (start, end) = (SystemTime::from(window.start), SystemTime::from(window.end));
        // Not everybody at once (RFC 9773 §4.2).
        let share = f64::from(getrandom::u32().map_err(|error| error.to_string())?) / f64::from(u32::MAX);
        Ok((start + end.duration_since(start).unwrap_or_default().mul_f64(share), wait))
    }
}
