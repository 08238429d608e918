//! What must outlive a restart: the account and the certificate, each in a file for this user alone.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use instant_acme::AccountCredentials;

/// A folder for one directory of an ACME server, so that what a test server gave is not taken for the real one's.
#[derive(Debug)]
pub(super) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(super) fn new(folder: &Path, directory: &str) -> Self {
        let name = directory.trim_start_matches("https://").trim_end_matches('/');
        let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '_' };
        Self { folder: folder.join(name.chars().map(plain).collect::<String>()) }
    }

    /// Makes the folder, and looks whether it can be written to.
    ///
    /// # Errors
    /// It cannot.
    pub(super) fn prepare(&self) -> Result<(), String> {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        let probe = self.folder.join("probe");
        let made =
            builder.create(&self.folder).and_then(|()| write_new(&probe, b"")).and_then(|()| fs::remove_file(&probe));
        made.map_err(|error| format!("the folder {} cannot be written to ({error})", self.folder.display()))
    }

    /// The account that was made before.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn account(&self) -> Result<Option<AccountCredentials>, String> {
        let told =
            |error: &dyn std::fmt::Display| format!("{} cannot be read ({error})", self.account_file().display());
        let Some(text) = read(&self.account_file()).map_err(|error| told(&error))? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|error| told(&error))
    }

    pub(super) fn keep_account(&self, account: &AccountCredentials) -> Result<(), String> {
        let text = serde_json::to_string(account).map_err(|error| error.to_string())?;
        self.keep(&self.account_file(), &text)
    }

    /// The server does not know this account any more.
    pub(super) fn forget_account(&self) -> Result<(), String> {
        fs::remove_file(self.account_file()).map_err(|error| format!("the account cannot be forgotten ({error})"))
    }

    /// Key and chain in PEM, as they were kept.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) fn certificate(&self) -> Result<Option<String>, String> {
        let file = self.certificate_file();
        read(&file).map_err(|error| format!("{} cannot be read ({error})", file.display()))
    }

    pub(super) fn keep_certificate(&self, pem: &str) -> Result<(), String> {
        self.keep(&self.certificate_file(), pem)
    }

    fn account_file(&self) -> PathBuf {
        self.folder.join("account.json")
    }

    fn certificate_file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    /// Whole or not at all, whenever the machine stops.
    fn keep(&self, file: &Path, text: &str) -> Result<(), String> {
        let new = file.with_extension("new");
        let kept = write_new(&new, text.as_bytes()).and_then(|()| fs::rename(&new, file));
        kept.map_err(|error| format!("{} cannot be written ({error})", file.display()))
    }
}

/// A file's text, if there is such a file.
fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a file that nobody else could ever open.
fn write_new(file: &Path, octets: &[u8]) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(file)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_for_this_user_alone_and_apart_for_each_server() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("state");
        let store = Store::new(&below, "https://acme.example:14000/directory");
        assert_eq!(store.certificate(), Ok(None));
        store.prepare().unwrap();
        for text in ["first", "second"] {
            store.keep_certificate(text).unwrap();
            assert_eq!(store.certificate(), Ok(Some(text.to_owned())));
        }
        assert_eq!(Store::new(&below, "https://test.example/directory").certificate(), Ok(None));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            let inner = below.join("acme.example_14000_directory");
            assert_eq!((mode(&inner), mode(&inner.join("certificate.pem"))), (0o700, 0o600));
        }
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let told = Store::new(file.path(), "https://acme.example/").prepare().unwrap_err();
        assert!(told.contains(&file.path().display().to_string()), "{told}");
    }
}
