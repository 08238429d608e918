//! Keeps what the server shows instead of judging it: a bad certificate must not end the handshake, it is a finding.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use webpki::EndEntityCert;

/// What the server showed.
#[derive(Clone, Default)]
pub(super) struct Shown {
    /// Its chain, its own certificate first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Whether the handshake is signed by that certificate's key.
    pub(super) signed: bool,
}

/// A verifier that lets everything pass and remembers it.
pub(super) struct Recorder {
    algorithms: WebPkiSupportedAlgorithms,
    shown: Mutex<Shown>,
}

impl fmt::Debug for Recorder {
    /// The name alone: rustls asks for it, and all the rest would be in the page's module.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recorder")
    }
}

impl Recorder {
    pub(super) fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { algorithms, shown: Mutex::default() }
    }

    pub(super) fn shown(&self) -> Shown {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers whether `dss` is the signature of that certificate's key over `message`, by one of the first `most`
    /// ways that the scheme stands for.
    ///
    /// As rustls' own checks do it, but without their errors in words, which nobody would read.
    fn signed(&self, message: &[u8], cert: &CertificateDer<'_>, dss: &DigitallySignedStruct, most: usize) {
        let ways = self.algorithms.mapping.iter().find(|(scheme, _)| *scheme == dss.scheme);
        let ways = ways.map_or(&[][..], |(_, ways)| *ways).iter().take(most);
        let signed = EndEntityCert::try_from(cert).is_ok_and(|cert| {
            ways.into_iter().any(|way| cert.verify_signature(*way, message, dss.signature()).is_ok())
        });
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).signed = signed;
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(end_entity).chain(intermediates).take(super::MAX_CERTIFICATES);
        let chain = all.map(|one| one.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Shown { chain, signed: false };
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // The scheme does not say the curve (RFC 8422 §5.1.1).
        self.signed(message, cert, dss, usize::MAX);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // The scheme says all, and PKCS #1 is for certificates only (RFC 8446 §4.2.3).
        let old = matches!(
            dss.scheme,
            SignatureScheme::RSA_PKCS1_SHA256 | SignatureScheme::RSA_PKCS1_SHA384 | SignatureScheme::RSA_PKCS1_SHA512
        );
        self.signed(message, cert, dss, usize::from(!old));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
