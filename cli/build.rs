//! Builds the page into the binary: wasm, its glue and every file of `www`, each raw, with brotli and with gzip.

#[path = "build/page.rs"]
mod page;
#[path = "build/scripts.rs"]
mod scripts;

use std::env;
use std::fs;
use std::path::PathBuf;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let table = page::table(&out);
    match table.and_then(|table| fs::write(out.join("assets.rs"), table).map_err(|error| error.to_string())) {
        Ok(()) => {}
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            std::process::exit(1);
        }
    }
}
