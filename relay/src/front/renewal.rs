//! Keeps the certificate that is shown a good one: by ACME, or by looking at the operator's files.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::interval;

use crate::front::acme::Acme;
use crate::front::entrance::Entrance;
use crate::front::https::Https;
use crate::life::stopped;

/// How often it is looked whether the certificate has changed.
const LOOK_AT_CERTIFICATE: Duration = Duration::from_secs(2);

/// Keeps the certificate of the configuration that holds, until the relay stops.
pub(crate) async fn keep_ordered(mut entrances: watch::Receiver<Arc<Entrance>>, mut stop: watch::Receiver<bool>) {
    loop {
        let (acme, metrics) = {
            let entrance = entrances.borrow_and_update();
            (of(&entrance), Arc::clone(&entrance.metrics))
        };
        let keeping = async {
            match &acme {
                Some(acme) => acme.keep(&metrics).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = keeping => {}
            () = changed(&mut entrances, acme.as_ref()) => {}
            () = stopped(&mut stop) => return,
        }
    }
}

fn of(entrance: &Entrance) -> Option<Arc<Acme>> {
    match &entrance.https {
        Some(Https::Acme(acme)) => Some(Arc::clone(acme)),
        _ => None,
    }
}

/// Waits until another certificate is wanted.
async fn changed(entrances: &mut watch::Receiver<Arc<Entrance>>, acme: Option<&Arc<Acme>>) {
    let same = |other: Option<Arc<Acme>>| match (acme, &other) {
        (Some(acme), Some(other)) => Arc::ptr_eq(acme, other),
        (None, None) => true,
        _ => false,
    };
    // An error means that the `Running` is gone, which stops as well.
    let _ = entrances.wait_for(|entrance| !same(of(entrance))).await;
}

/// Takes a new certificate as soon as it is there; one that cannot be used changes nothing.
pub(crate) async fn look_at_files(entrances: watch::Receiver<Arc<Entrance>>, mut stop: watch::Receiver<bool>) {
    let mut every = interval(LOOK_AT_CERTIFICATE);
    let mut fault = String::new();
    let mut told = false;
    loop {
        tokio::select! {
            _ = every.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let Some(Https::Files(tls)) = entrances.borrow().https.clone() else { continue };
        let why = match tokio::task::spawn_blocking(move || tls.refresh()).await {
            Ok(Err(error)) => error.to_string(),
            Ok(Ok(true)) => {
                tracing::warn!("the certificate has changed; the new one is shown");
                String::new()
            }
            Ok(Ok(false)) | Err(_) => String::new(),
        };
        // Seen twice, it is not just that one of the files has been written and the other not yet.
        told = told && why == fault;
        if !told && !why.is_empty() && why == fault {
            tracing::error!(why, "the new certificate cannot be used; the old one is still shown");
            told = true;
        }
        fault = why;
    }
}
