//! The page, as the build has put it into the program. The program itself is `main.rs`.

use ehlo_relay::{Asset, Assets};

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The page with all its files.
pub fn page() -> &'static Assets {
    static PAGE: Assets = Assets::new(ASSETS);
    &PAGE
}
