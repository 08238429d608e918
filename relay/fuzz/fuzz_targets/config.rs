#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ehlo_relay::fuzz::config(data));
