//! The pages for users do what they say: commands are run, queries are compiled.
//!
//! `REWRITE=1 cargo test …` puts what the commands print into the page, for a look at the difference.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use seam::{fails, ok};

/// A fenced block: its language and its text.
#[derive(Debug)]
struct Block {
    language: String,
    text: String,
}

fn page(name: &str) -> PathBuf {
    seam::root().join("docs").join(name)
}

fn blocks(page: &Path) -> Vec<Block> {
    let text = fs::read_to_string(page).unwrap();
    let mut blocks: Vec<Block> = vec![];
    let mut inside = false;
    for line in text.lines() {
        match line.strip_prefix("```") {
            Some(_) if inside => inside = false,
            Some(language) => {
                inside = true;
                blocks.push(Block {
                    language: language.to_owned(),
                    text: String::new(),
                });
            }
            None if inside => {
                let block = blocks.last_mut().unwrap();
                block.text.push_str(line);
                block.text.push('\n');
            }
            None => {}
        }
    }
    assert!(!inside, "an open block in {}", page.display());
    blocks
}

/// What a block of commands prints, run in `folder`.
fn shell(commands: &str, folder: &Path) -> String {
    let seam = Path::new(env!("CARGO_BIN_EXE_seam")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-e", "-c", commands])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", seam.display()))
        .env_remove("KAFKA_BROKERS")
        .env_remove("SEAM_STORE")
        .env_remove("SEAM_ARCHIVE")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{commands}\n{errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed
        .lines()
        .map(|line| line.trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn the_tutorial_can_be_followed() {
    follow("tutorial.md");
}

#[test]
fn the_lesson_can_be_taught() {
    follow("teaching.md");
}

/// Runs the commands of a page, in order, in a folder of their own.
fn follow(name: &str) {
    let page = page(name);
    let folder = tempfile::tempdir().unwrap();
    let blocks = blocks(&page);
    let mut text = fs::read_to_string(&page).unwrap();
    let rewrite = std::env::var_os("REWRITE").is_some();
    let mut printed = None;
    let mut ran = 0;
    for block in &blocks {
        match block.language.as_str() {
            "sh" => {
                printed = Some(shell(&block.text, folder.path()));
                ran += 1;
            }
            "text" => {
                let printed = printed.take().expect("a text behind commands");
                if rewrite {
                    let block = format!("```text\n{}```", block.text);
                    text = text.replacen(&block, &format!("```text\n{printed}```"), 1);
                } else {
                    assert_eq!(
                        block.text, printed,
                        "what the page shows, and what is printed"
                    );
                }
            }
            other => panic!("a block of {other:?}"),
        }
    }
    assert!(ran >= 10, "{ran} blocks of commands");
    if rewrite {
        fs::write(&page, text).unwrap();
    }
}

#[test]
fn every_query_of_the_reference_compiles() {
    let blocks = blocks(&page("sql.md"));
    let table = blocks[0].text.split_inclusive(';').next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.sql");
    let mut views = 0;
    for block in &blocks {
        assert_eq!(block.language, "sql");
        let own = block.text.contains("CREATE TABLE");
        let sql = if own {
            block.text.clone()
        } else {
            format!("{table}\n{}", block.text)
        };
        fs::write(&file, &sql).unwrap();
        for view in sql.split("CREATE VIEW ").skip(1) {
            let name = view.split([' ', '\n']).next().unwrap();
            let told = ok(&["explain", file.to_str().unwrap(), "--view", name]);
            assert!(told.contains(name), "{told}");
            views += 1;
        }
    }
    assert!(views >= 10, "{views} views");
    // A page that is not read proves nothing.
    fs::write(
        &file,
        format!("{table}\nCREATE VIEW v AS SELECT no FROM orders;"),
    )
    .unwrap();
    assert_eq!(fails(&["explain", file.to_str().unwrap()]).0, 2);
}

/// The words of SQL in the tables of the reference: types are declared, options are given.
#[test]
fn every_type_of_the_reference_is_read() {
    let text = fs::read_to_string(page("sql.md")).unwrap();
    let table = text.split("| type | other names |").nth(1).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let names: Vec<&str> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .collect();
    assert!(names.len() > 20, "{names:?}");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("job.sql");
    for name in names {
        let concrete = name
            .replace("(p, s)", "(9, 2)")
            .replace("(n)", "(9)")
            .replace("(p)", "(3)");
        let sql = format!(
            "CREATE TABLE e (t TIMESTAMP, x {concrete}) WITH (event_time = 't');\nCREATE VIEW v AS SELECT MAX(x) AS m FROM e;"
        );
        fs::write(&file, sql).unwrap();
        ok(&["explain", file.to_str().unwrap()]);
    }
}

#[test]
fn every_link_leads_somewhere() {
    for name in [
        "tutorial.md",
        "sql.md",
        "glossary.md",
        "teaching.md",
        "s3.md",
    ] {
        let text = fs::read_to_string(page(name)).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if !link.starts_with("http") {
                let file = link.split('#').next().unwrap();
                assert!(page(file).exists(), "{name} links to {link}");
            }
        }
    }
}
