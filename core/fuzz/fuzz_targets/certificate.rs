#![no_main]

#[allow(dead_code)] // every target takes one body
#[path = "../../tests/it/oracles.rs"]
mod oracles;

libfuzzer_sys::fuzz_target!(|data: &[u8]| oracles::certificate(data));
