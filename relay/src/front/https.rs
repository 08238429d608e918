//! What HTTPS is served with: files of the operator, or a certificate by ACME.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;

use crate::config::Config;
use crate::dns::servers::Servers;
use crate::front::acme::Acme;
use crate::front::certificate::Facts;
use crate::front::tls::{Files, Tls};
use crate::start_error::StartError;

/// What HTTPS is served with.
#[derive(Clone, Debug)]
pub(crate) enum Https {
    /// Files of the operator.
    Files(Arc<Tls>),
    /// A certificate that the relay gets itself.
    Acme(Arc<Acme>),
}

impl Https {
    /// What HTTPS is served with; the configuration has been checked to have certificate and key, or neither. What is kept by
    /// ACME goes on where nothing about it has changed.
    pub(super) fn of(config: &Config, servers: &Servers, before: Option<&Self>) -> Result<Option<Self>, StartError> {
        if let (Some(certificate), Some(key)) = (config.tls_certificate.clone(), config.tls_key.clone()) {
            let tls = Tls::new(Files { certificate, key }).map_err(StartError::Tls)?;
            return Ok(Some(Self::Files(Arc::new(tls))));
        }
        let Some(wanted) = config.acme() else { return Ok(None) };
        if let Some(Self::Acme(acme)) = before
            && acme.wanted == wanted
        {
            return Ok(Some(Self::Acme(Arc::clone(acme))));
        }
        let acme = Acme::new(wanted, servers).map_err(StartError::Acme)?;
        Ok(Some(Self::Acme(Arc::new(acme))))
    }

    /// For the next handshake.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        match self {
            Self::Files(tls) => tls.acceptor(),
            Self::Acme(acme) => acme.acceptor(),
        }
    }

    /// What is known of the certificate, if there is one that can be read.
    pub(crate) fn facts(&self) -> Option<Facts> {
        match self {
            Self::Files(tls) => tls.facts(),
            Self::Acme(acme) => acme.facts(),
        }
    }
}
