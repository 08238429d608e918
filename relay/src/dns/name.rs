//! Names as they are shown.

use hickory_resolver::proto::rr::Name;

/// The name as a person writes it: without the final dot, but for the root.
pub(crate) fn plain(name: &Name) -> String {
    let text = name.to_ascii();
    match text.strip_suffix('.') {
        Some(short) if !short.is_empty() => short.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_final_dot_and_the_root_keeps_it() {
        for (name, shown) in [("mx.example.", "mx.example"), (".", "."), ("mx", "mx")] {
            assert_eq!(plain(&Name::from_ascii(name).unwrap()), shown);
        }
    }
}
