//! What is signed, against second opinions: vectors by others, and programs by others.
//!
//! The unit tests beside the code hold the known answers; here are the tests that compute much or that need other
//! people's crates. Vectors that are not part of the repository are looked for in `../shared/vectors`, or where
//! `COUNTERSIGN_VECTORS` points; without them the test says `skipped`, unless `COUNTERSIGN_REQUIRE` (a list with
//! commas) contains `vectors`.

mod docs;
mod ed25519;
mod notes;
mod tiles;
mod tree;

use std::path::PathBuf;

/// The text of a file with vectors; nothing where it is allowed to be missing.
fn vectors(file: &str) -> Option<String> {
    let given = std::env::var_os("COUNTERSIGN_VECTORS").map(PathBuf::from);
    let folder = given.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"));
    let required = std::env::var("COUNTERSIGN_REQUIRE").unwrap_or_default().split(',').any(|word| word == "vectors");
    match std::fs::read_to_string(folder.join(file)) {
        Ok(text) => Some(text),
        Err(error) if required => panic!("{file} is required: {error}"),
        Err(error) => {
            println!("skipped: {file}: {error}");
            None
        }
    }
}

/// The bytes that hexadecimal digits spell.
fn unhex(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("digits")).collect()
}
