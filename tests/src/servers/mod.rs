//! Real mail servers on free loopback ports, each in a private folder, ended when dropped.
//!
//! All deliver mail for `recipient@domain.test` and `second@domain.test`, know no other user of that domain, and do
//! not relay. All offer STARTTLS with a certificate for `mail.domain.test`.

mod certificate;
mod chasquid;
mod exim;
mod mailbox;
mod openssl;
mod policy;
mod postfix;
mod sink;

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use tempfile::TempDir;

use crate::failure::TestResult;

pub use certificate::Certificate;
pub use chasquid::{Chasquid, ChasquidSetup};
pub use exim::{Exim, EximSetup};
pub use mailbox::{Mailbox, holds};
pub use openssl::OpenSsl;
pub use policy::Greylist;
pub use postfix::{Postfix, PostfixSetup};
pub use sink::SmtpSink;

/// What the scenarios need of a mail server.
pub trait MailServer: Send + Sync {
    /// Its name, for failure texts.
    fn name(&self) -> &'static str;
    /// Where it speaks SMTP, with STARTTLS.
    fn addr(&self) -> SocketAddr;
    /// Where it speaks SMTP inside TLS from the first byte (RFC 8314, section 3).
    fn tls_addr(&self) -> SocketAddr;
    /// The mail that has arrived for `recipient@domain.test`.
    fn mailbox(&self) -> &Mailbox;
    /// What the server has logged, for failure texts.
    fn log(&self) -> String;
}

/// A private folder that the servers' own users may enter.
fn private_folder() -> TestResult<TempDir> {
    let folder = tempfile::Builder::new().prefix("ehlo-test-").tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

/// Makes a folder with this mode for this user and group.
fn folder_for(path: &Path, mode: u32, (uid, gid): (u32, u32)) -> TestResult {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    chown(path, Some(uid), Some(gid))?;
    Ok(())
}
