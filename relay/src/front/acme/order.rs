//! One order (RFC 8555 §7.4): account, challenges, certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order, OrderStatus, Problem,
    RetryPolicy,
};

use super::Acme;

/// How an order is watched: authorities look at once, or within a minute.
const WATCH: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_secs(120));

impl Acme {
    /// Orders a certificate: its key and chain, in PEM.
    ///
    /// # Errors
    /// What did not go, as the operator reads it.
    pub(super) async fn order(&self) -> Result<String, String> {
        let ordered = self.ordered().await;
        self.shown.answer_no_more();
        ordered
    }

    async fn ordered(&self) -> Result<String, String> {
        let names: Vec<_> = self.wanted.names.iter().cloned().map(Identifier::Dns).collect();
        let mut order = match self.account().await?.new_order(&NewOrder::new(&names)).await {
            Err(Error::Api(problem)) if is(&problem, "accountDoesNotExist") => {
                self.store.forget_account()?;
                self.account().await?.new_order(&NewOrder::new(&names)).await
            }
            order => order,
        }
        .map_err(|error| told("the order was not taken", &error))?;
        self.meet_challenges(&mut order).await?;
        match order.poll_ready(&WATCH).await {
            Ok(OrderStatus::Ready) => {}
            Ok(_) => return Err(refused(&mut order, None).await),
            Err(error) => return Err(refused(&mut order, Some(error)).await),
        }
        let key =
            order.finalize().await.map_err(|error| told("the request for the certificate was not taken", &error))?;
        let chain =
            order.poll_certificate(&WATCH).await.map_err(|error| told("the certificate did not come", &error))?;
        Ok(format!("{}\n{chain}", key.trim_end()))
    }

    /// The account that is kept, or a new one.
    async fn account(&self) -> Result<Account, String> {
        let contact: Vec<_> = self.wanted.contact.iter().map(String::as_str).collect();
        let builder = Account::builder_with_http(Box::new(self.client.clone()));
        if let Some(kept) = self.store.account()? {
            let restored = builder.from_credentials(kept).await;
            return restored.map_err(|error| told("the directory cannot be read", &error));
        }
        let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
        let (account, credentials) = builder
            .create(&new, self.wanted.directory.clone(), None)
            .await
            .map_err(|error| told("no account could be made", &error))?;
        self.store.keep_account(&credentials)?;
        Ok(account)
    }

    /// Has an answer ready for each name, and says so.
    async fn meet_challenges(&self, order: &mut Order) -> Result<(), String> {
        let failed = |error: &Error| told("the names were not confirmed", error);
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| failed(&error))?;
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let challenge = authorization.challenge(ChallengeType::TlsAlpn01);
            let mut challenge = challenge.ok_or("the ACME server does not offer the challenge tls-alpn-01")?;
            let name = challenge.identifier().to_string();
            self.shown.answer(&name, challenge.key_authorization().digest().as_ref())?;
            challenge.set_ready().await.map_err(|error| failed(&error))?;
        }
        Ok(())
    }
}

/// Why the names were not confirmed, in the server's own words: those about each name, else those about the order.
async fn refused(order: &mut Order, error: Option<Error>) -> String {
    let mut why = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let name = state.identifier().to_string();
        let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        why.extend(problems.map(|problem| format!("{name}: {problem}")));
    }
    if why.is_empty() {
        why.extend(error.map(|error| error.to_string()));
    }
    let what = "the names were not confirmed, for which the ACME server must reach this relay at their port 443";
    format!("{what}: {}", why.join("; "))
}

fn told(what: &str, error: &Error) -> String {
    format!("{what}: {error}")
}

/// Whether a problem is of this type (RFC 8555 §6.7).
fn is(problem: &Problem, kind: &str) -> bool {
    problem.r#type.as_deref().is_some_and(|r#type| r#type.strip_prefix("urn:ietf:params:acme:error:") == Some(kind))
}
