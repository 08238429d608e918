//! The well-known authorities, in small files that the page loads by need.

use std::fs;
use std::path::Path;

use ehlo_core::tls::anchors as form;

/// Writes `00.bin` and on into `folder`.
pub(crate) fn write(folder: &Path) -> Result<(), String> {
    let mut files = vec![Vec::new(); usize::from(form::BUCKETS)];
    for root in webpki_roots::TLS_SERVER_ROOTS {
        let constraints = root.name_constraints.as_ref().map(AsRef::as_ref);
        let anchor = form::Anchor { subject: &root.subject, key: &root.subject_public_key_info, constraints };
        let number = form::bucket(anchor.subject);
        if !form::write(&mut files[usize::from(number)], &anchor) {
            return Err(format!("an authority's certificate is too long for the files: {:?}", root.subject));
        }
    }
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for (number, content) in files.iter().enumerate() {
        let path = folder.join(format!("{number:02}.bin"));
        fs::write(&path, content).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}
