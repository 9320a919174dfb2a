//! What is wrong with a question: where, what, and what could be meant.

use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::tokenizer::Location;
use shared_logic::parse::{suggest, syntax};
use shared_logic::sql_error::SqlError;

/// The error of a question over `tables`, in our words where it is one that people make.
pub(crate) fn mistake(question: &str, tables: &[&str], error: &DataFusionError) -> SqlError {
    let span = error.diagnostic().and_then(|diagnostic| diagnostic.span);
    let at = span.map(|span| Location::new(span.start.line, span.start.column));
    let located = |name: &str, message: String, help: String| {
        let at = at.or_else(|| find(question, name));
        SqlError::new(at.unwrap_or(Location::empty()), message, help)
    };
    match error.find_root() {
        DataFusionError::SQL(error, _) => syntax(question, (**error).clone()),
        DataFusionError::SchemaError(error, _) => match &**error {
            SchemaError::FieldNotFound {
                field,
                valid_fields,
            } => {
                let known: Vec<&str> = valid_fields.iter().map(|known| known.name()).collect();
                let help = suggest(field.name(), "columns", &known);
                located(
                    field.name(),
                    format!("unknown column {}", field.name()),
                    help,
                )
            }
            SchemaError::AmbiguousReference { field } => {
                let message = format!("column {} is in several tables", field.name());
                let help = format!("write the table before it: table.{}", field.name());
                located(field.name(), message, help)
            }
            other => located("", other.to_string(), String::new()),
        },
        root => {
            let text = one_line(root);
            let table = (text.split_once("table '"))
                .and_then(|(_, rest)| rest.split_once("' not found"))
                .map(|(name, _)| name.rsplit('.').next().unwrap_or(name));
            match table {
                Some(name) => located(
                    name,
                    format!("unknown table {name}"),
                    suggest(name, "tables", tables),
                ),
                None => {
                    let (message, help) = text.split_once(". ").unwrap_or((&text, ""));
                    located("", message.to_owned(), help.to_owned())
                }
            }
        }
    }
}

/// What DataFusion says, without the kind of error before it.
fn one_line(error: &DataFusionError) -> String {
    let text = match error {
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::NotImplemented(text) => text.clone(),
        other => other.strip_backtrace(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a name first stands in a text as a word of its own.
fn find(text: &str, name: &str) -> Option<Location> {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    if name.is_empty() {
        return None;
    }
    for (line, content) in (1..).zip(text.lines()) {
        let small = content.to_lowercase();
        for (at, _) in small.match_indices(&name.to_lowercase()) {
            let before = small.get(..at)?;
            let after = small.get(at + name.len()..)?;
            if !before.ends_with(part) && !after.starts_with(part) {
                return Some(Location::new(line, before.chars().count() as u64 + 1));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use arrow::array::{Int64Array, RecordBatch, StringArray};

    use crate::sql::sql;

    fn wrong(question: &str) -> String {
        let rows = RecordBatch::try_from_iter([
            ("page", Arc::new(StringArray::from(vec!["/a"])) as _),
            ("clicks", Arc::new(Int64Array::from(vec![1])) as _),
        ]);
        sql(&[("pages".into(), rows.unwrap())], question)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_wrong_question_says_where_and_what_could_be_meant() {
        for (question, said) in [
            (
                "SELECT page,\n clics FROM pages",
                "2:2: unknown column clics; did you mean clicks?",
            ),
            (
                "SELECT page FROM pagez",
                "1:18: unknown table pagez; did you mean pages?",
            ),
            (
                "SELECT page FROM pages GRUOP BY page",
                "1:24: unknown word GRUOP; did you mean GROUP?",
            ),
            (
                "SELECT page FROM pages WHERE",
                "1:29: expected an expression, found the end of the statement; the statement breaks off: finish it",
            ),
        ] {
            assert_eq!(wrong(question), said, "{question}");
        }
        for question in [
            "SELECT summ(clicks) FROM pages",
            "SELECT page + INTERVAL '1' DAY FROM pages",
        ] {
            let said = wrong(question);
            assert!(!said.contains('\n') && !said.is_empty(), "{said}");
        }
    }
}
