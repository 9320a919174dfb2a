//! Pains from the command line: told, run, checked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use seam::{Folder, command, fails, ok};

#[test]
fn all_thirteen_are_named() {
    let told = ok(&["pains", "list"]);
    for id in [
        "L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "K1", "K2", "K3", "K4", "K5",
    ] {
        assert!(told.contains(&format!(" {id} ")), "{id} is not in:\n{told}");
    }
}

#[test]
fn one_is_told_and_run() {
    let told = ok(&["pains", "run", "l2"]);
    assert!(told.starts_with("L2 · The gap at the handover"), "{told}");
    assert!(
        told.contains("holds") && !told.contains("DOES NOT HOLD"),
        "{told}"
    );
    let objects = ok(&["pains", "run", "L2", "--format", "json"]);
    let last: serde_json::Value = serde_json::from_str(objects.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["holds"], &last["claims"][1]["found"]),
        (&true.into(), &900.0.into())
    );
    // The schedule that is told repeats the position.
    let played = ok(&[
        "compare",
        "pains/clicks.sql",
        "--schedule",
        last["schedule"].as_str().unwrap(),
        "--rule",
        "restart-at-latest",
        "--format",
        "json",
    ]);
    let lambda: serde_json::Value = serde_json::from_str(played.lines().next().unwrap()).unwrap();
    assert_eq!(lambda["missing"], 900);
}

#[test]
fn an_exercise_is_green_or_red() {
    let folder = Folder::new();
    let right = folder.write("right.txt", "# rate × duration\nmissing = 2000\n");
    assert!(ok(&["pains", "check", "L2", &right]).ends_with("L2 is solved\n"));
    let wrong = folder.write("wrong.txt", "missing = 80\n");
    let (code, line) = fails(&["pains", "check", "L2", &wrong]);
    assert_eq!((code, line.as_str()), (1, "seam: L2 is not solved yet"));
    let shown = command(&["pains", "check", "L2", &wrong])
        .output()
        .unwrap()
        .stdout;
    let shown = String::from_utf8(shown).unwrap();
    assert_eq!(shown, "WRONG: events missing: 80 expected, 2000 found\n");
}

#[test]
fn what_cannot_be_used_is_one_line() {
    let folder = Folder::new();
    let bad = folder.write("bad.txt", "missing: 3\n");
    for (args, says) in [
        (
            vec!["pains", "run", "L9"],
            "there is no pain \"L9\": choose one of L1, L2",
        ),
        (
            vec!["pains", "check", "L2", &bad],
            "line 1: expected name = value",
        ),
        (
            vec!["pains", "check", "L2", "none.txt"],
            "cannot read none.txt",
        ),
    ] {
        let (code, line) = fails(&args);
        assert_eq!((code, line.lines().count()), (2, 1), "{line}");
        assert!(line.contains(says), "{line}");
    }
}
