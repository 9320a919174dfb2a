//! Questions typed by hand or read from a pipe, each up to a semicolon.

use std::io::{BufRead, IsTerminal, Write, stderr, stdin};

use view_store::store::Store;

use super::{ask, views};
use crate::failure::Outcome;
use crate::output::OutputArgs;

const HELP: &str = "Questions in SQL end with a semicolon; each view is a table.\n  .tables  the views\n  .quit    the end, as is Ctrl-D";

/// Answers until the input ends. On a terminal a wrong question is told and the next one read;
/// elsewhere it ends the run.
pub(super) fn run(store: &Store, output: &OutputArgs) -> Outcome {
    let typed = stdin().is_terminal();
    let mut text = String::new();
    if typed {
        eprintln!("{HELP}");
    }
    prompt(typed, &text)?;
    for line in stdin().lock().lines() {
        let line = line?;
        match line.trim() {
            ".quit" | ".exit" if text.trim().is_empty() => return Ok(()),
            ".help" if text.trim().is_empty() => eprintln!("{HELP}"),
            ".tables" if text.trim().is_empty() => {
                for name in views(store, "")?.keys() {
                    println!("{name}");
                }
            }
            _ => {
                text.push_str(&line);
                text.push('\n');
            }
        }
        while let Some(end) = end(&text) {
            let rest = text.split_off(end + 1);
            answer(store, output, text.trim_end_matches(';'), typed)?;
            text = rest;
        }
        prompt(typed, &text)?;
    }
    // The last question of a pipe needs no semicolon.
    answer(store, output, &text, typed)
}

fn answer(store: &Store, output: &OutputArgs, question: &str, typed: bool) -> Outcome {
    if question.trim().is_empty() {
        return Ok(());
    }
    let answered = ask(store, question.trim()).and_then(|rows| output.write(&rows));
    match answered {
        Err(failure) if typed => {
            failure.report();
            Ok(())
        }
        answered => answered,
    }
}

fn prompt(typed: bool, text: &str) -> Outcome {
    if typed {
        eprint!(
            "{}",
            if text.trim().is_empty() {
                "seam> "
            } else {
                "   ...> "
            }
        );
        stderr().flush()?;
    }
    Ok(())
}

/// Where the first question ends: at a semicolon outside of quotes and comments.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut comment = false;
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            _ if comment => comment = letter != '\n',
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (None, '-') if before == '-' => comment = true,
            (None, ';') => return Some(at),
            _ => {}
        }
        before = letter;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_ends_at_its_semicolon() {
        assert_eq!(end("SELECT 1; SELECT 2;"), Some(8));
        assert_eq!(end("SELECT ';', \";\" -- ;\n;"), Some(21));
        assert_eq!(end("SELECT 'it''s;"), None);
        assert_eq!(end("SELECT 1"), None);
    }
}
