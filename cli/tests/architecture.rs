//! The arrows between the crates are the design's, and nobody adds one unseen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

/// The members in data-flow order, each with all that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("shared-logic", &[]),
    ("event-log", &["shared-logic"]),
    ("view-store", &["shared-logic"]),
    ("batch-layer", &["shared-logic", "event-log", "view-store"]),
    ("speed-layer", &["shared-logic", "event-log", "view-store"]),
    ("serving-layer", &["shared-logic", "view-store"]),
    (
        "seamline",
        &[
            "shared-logic",
            "event-log",
            "view-store",
            "batch-layer",
            "speed-layer",
            "serving-layer",
        ],
    ),
    (
        "comparison",
        &[
            "shared-logic",
            "event-log",
            "view-store",
            "batch-layer",
            "speed-layer",
            "serving-layer",
        ],
    ),
    (
        "cli",
        &[
            "shared-logic",
            "event-log",
            "view-store",
            "batch-layer",
            "speed-layer",
            "serving-layer",
            "comparison",
        ],
    ),
    (
        "benches",
        &[
            "shared-logic",
            "event-log",
            "view-store",
            "batch-layer",
            "speed-layer",
            "serving-layer",
            "comparison",
        ],
    ),
];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo metadata runs");
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

#[test]
fn members_depend_only_downstream() {
    let metadata = metadata();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let packages = metadata["packages"].as_array().unwrap();
    let names: Vec<&str> = packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect();
    for name in allowed.keys() {
        assert!(names.contains(name), "{name} is gone from the workspace");
    }
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let may = allowed
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no place in the design"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let on = dependency["name"].as_str().unwrap();
            assert!(
                !names.contains(&on) || may.contains(&on),
                "{name} depends on {on}, which the design does not allow"
            );
        }
    }
}

#[test]
fn members_stand_in_data_flow_order() {
    let manifest = include_str!("../../Cargo.toml");
    let places: Vec<usize> = ALLOWED
        .iter()
        .map(|(name, _)| manifest.find(&format!("\n    \"{name}\",")).expect(name))
        .collect();
    assert!(
        places.is_sorted(),
        "the members of Cargo.toml are not in data-flow order"
    );
}
