//! What a page promises.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::Path;

use super::{bytes, code, grouped, span};

#[test]
fn numbers_are_for_people() {
    assert_eq!(
        [0, 999, 1000, 1_234_567].map(grouped),
        ["0", "999", "1,000", "1,234,567"]
    );
    assert_eq!(
        [0, 1500, 90_000_000, 5_400_000_000, -7_200_000_000].map(span),
        ["0 s", "1.5 ms", "1 m 30 s", "1 h 30 m", "−2 h"]
    );
    assert_eq!(
        [9_999, 12_345, 12_345_678].map(bytes),
        ["9999 B", "12.3 kB", "12.3 MB"]
    );
}

#[test]
fn all_code_of_both_layers_is_counted() {
    fn sources(folder: &Path, below: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, below, found);
            } else {
                found.insert(
                    path.strip_prefix(below)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (layer, files) in [("batch-layer", code::BATCH), ("speed-layer", code::SPEED)] {
        let folder = root.join(layer).join("src");
        let mut found = BTreeSet::new();
        sources(&folder, &folder, &mut found);
        found.retain(|name| {
            !name
                .split('/')
                .any(|part| part == "tests" || part == "tests.rs")
        });
        let counted = files.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(found, counted, "{layer}");
        assert!(code::lines(files) > 100, "{layer}");
    }
}
