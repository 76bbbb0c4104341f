//! Every ruling of `docs/reciprocity.md` has a test that carries its number.

use std::collections::BTreeSet;
use std::path::Path;

/// The rulings of the specification.
const RULINGS: std::ops::RangeInclusive<u32> = 1..=46;

/// The numbers that the names of the tests in a text carry: `ruling_19_and_41_a_lift…` carries two.
fn numbers(text: &str) -> Vec<u32> {
    let names = text.split("#[test]\nfn ruling_").skip(1);
    let carried = |name: &str| -> Vec<u32> {
        let words = name.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric()).next();
        let words = words.unwrap_or_default().split('_').filter(|word| *word != "and");
        words.map_while(|word| word.parse().ok()).collect()
    };
    names.flat_map(carried).collect()
}

#[test]
fn every_ruling_has_a_test_that_carries_its_number() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/status/rulings");
    let files = std::fs::read_dir(&folder).expect("the tests can be read").map(|file| file.expect("a file").path());
    let texts = files.map(|file| std::fs::read_to_string(&file).expect("a test is UTF-8"));
    let carried: BTreeSet<u32> = texts.flat_map(|text| numbers(&text)).collect();
    assert_eq!(carried, RULINGS.collect::<BTreeSet<u32>>());
}

#[test]
fn the_numbers_that_a_name_carries_are_read() {
    let text = "#[test]\nfn ruling_07_a_list() {}\n\n#[test]\nfn ruling_09_and_23_a_text_of_2() {}\n";
    assert_eq!(numbers(text), [7, 9, 23]);
    assert_eq!(numbers("fn ruling_07_no_test() {}\n#[test]\nfn ruling_of_thumb() {}\n"), Vec::<u32>::new());
}
