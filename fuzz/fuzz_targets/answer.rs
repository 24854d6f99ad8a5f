#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tearline_tests::parsing::hold("answer", bytes));
