//! Pages: one file of HTML, and what is in it as JSON and CSV beside it.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use comparison::report::page::Page;
use comparison::report::prices::Prices;

use crate::failure::{Failure, Outcome};

/// The command that is running, as one would type it.
pub fn command() -> String {
    let words = std::env::args_os().skip(1);
    let words = words.map(|word| quoted(&word.to_string_lossy()));
    let words: Vec<String> = ["seam".to_owned()].into_iter().chain(words).collect();
    words.join(" ")
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:,=+@%".contains(letter);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Reads prices.
pub fn prices(path: Option<&Path>) -> Outcome<Option<Prices>> {
    let Some(path) = path else { return Ok(None) };
    let wrong = |why: String| Failure::input(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    Ok(Some(Prices::parse(&text).map_err(wrong)?))
}

/// Writes a page, and what it shows as JSON beside it.
pub fn write(path: &Path, page: &Page) -> Outcome {
    save(path, page.html().as_bytes())?;
    beside(path, "json", format!("{:#}\n", page.json()).as_bytes())
}

/// Writes a file with another ending beside a page.
pub fn beside(page: &Path, ending: &str, bytes: &[u8]) -> Outcome {
    save(&page.with_extension(ending), bytes)
}

/// Whether a page can have this name: the files beside it differ by their ending alone.
pub fn check(path: Option<&Path>) -> Outcome {
    let ending = path.and_then(Path::extension).and_then(OsStr::to_str);
    match (path, ending) {
        (None, _) | (_, Some("html" | "htm")) => Ok(()),
        (Some(path), _) => Err(Failure::input(format!(
            "{} is no name for a page: it must end in .html",
            path.display()
        ))),
    }
}

fn save(path: &Path, bytes: &[u8]) -> Outcome {
    fs::write(path, bytes)
        .map_err(|error| Failure::input(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_command_can_be_pasted() {
        let words = ["a.sql", "2001-01-05T09:00:00Z", "my file", "it's", ""].map(quoted);
        assert_eq!(
            words,
            [
                "a.sql",
                "2001-01-05T09:00:00Z",
                "'my file'",
                r"'it'\''s'",
                "''"
            ]
        );
    }
}
