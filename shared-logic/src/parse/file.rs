//! Files that a job names, put into its text.

use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use crate::decode::AvroSchema;
use crate::dialect;
use crate::sql_error::SqlError;

/// A job's text with the schema files that its tables name put in, in one line each, so that it can
/// be kept and compiled wherever there are no files. `read` gives the text of a file, or the reason
/// why there is none.
///
/// What is no file's name but a schema itself stays as it is, and so does a text that cannot be
/// taken apart: compiling it says why.
///
/// # Errors
/// A file that cannot be read, or that is no schema, where it is named.
pub fn embed(
    sql: &str,
    mut read: impl FnMut(&str) -> Result<String, String>,
) -> Result<String, SqlError> {
    replace(sql, "schema", |_, at, name| {
        if name.trim_start().starts_with(['{', '[', '"']) {
            return Ok(None);
        }
        let schema = read(name)
            .map_err(|reason| format!("cannot read {name}: {reason}"))
            .and_then(|schema| {
                let schema = AvroSchema::parse(&schema);
                schema.map_err(|reason| format!("the schema in {name} {reason}"))
            });
        let schema = schema.map_err(|message| {
            let help = "name a file of a record's schema in JSON, relative to this one";
            SqlError::new(at, message, help)
        })?;
        Ok(Some(quote(schema.text())))
    })
}

/// A job's text in which every table that is a file says where it is from everywhere, and what the
/// hash of its content is. `find` gives both for the path that the text has, or the reason why there
/// is no such file. A table that has its hash already stays as it is.
///
/// # Errors
/// A file that cannot be read, where it is named.
pub fn pin_files(
    sql: &str,
    mut find: impl FnMut(&str) -> Result<(String, String), String>,
) -> Result<String, SqlError> {
    replace(sql, "path", |statement, at, name| {
        if texts(statement, "hash").next().is_some() {
            return Ok(None);
        }
        let (path, hash) = find(name).map_err(|reason| {
            let help = "name a CSV or Parquet file, relative to this one";
            SqlError::new(at, format!("cannot read {name}: {reason}"), help)
        })?;
        Ok(Some(format!("{}, hash = {}", quote(&path), quote(&hash))))
    })
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The text with what `new` says in place of each text that a table gives to the option `option`;
/// a text that cannot be taken apart stays as it is.
fn replace(
    sql: &str,
    option: &str,
    mut new: impl FnMut(&[TokenWithSpan], Location, &str) -> Result<Option<String>, SqlError>,
) -> Result<String, SqlError> {
    let Ok(tokens) = dialect::tokens(sql) else {
        return Ok(sql.to_owned());
    };
    let mut text = String::with_capacity(sql.len());
    let mut kept = 0;
    for statement in tokens.split(|token| token.token == Token::SemiColon) {
        if !creates_table(statement) {
            continue;
        }
        for (at, value) in texts(statement, option) {
            let Some(new) = new(statement, at, value)? else {
                continue;
            };
            let start = offset(sql, at);
            text.push_str(sql.get(kept..start).unwrap_or_default());
            text.push_str(&new);
            kept = start + quoted(sql.get(start..).unwrap_or_default());
        }
    }
    text.push_str(sql.get(kept..).unwrap_or_default());
    Ok(text)
}

fn creates_table(statement: &[TokenWithSpan]) -> bool {
    let mut words = statement.iter().map(|token| match &token.token {
        Token::Word(word) => word.keyword,
        _ => Keyword::NoKeyword,
    });
    words.next() == Some(Keyword::CREATE) && words.next() == Some(Keyword::TABLE)
}

/// The texts that a statement gives to an option, and where they stand.
fn texts<'a>(
    statement: &'a [TokenWithSpan],
    option: &str,
) -> impl Iterator<Item = (Location, &'a str)> {
    statement.windows(3).filter_map(move |tokens| {
        let [key, equals, value] = tokens else {
            return None;
        };
        let key = match &key.token {
            Token::Word(word) => &word.value,
            Token::SingleQuotedString(text) => text,
            _ => return None,
        };
        match (&equals.token, &value.token) {
            (Token::Eq, Token::SingleQuotedString(text)) if key.eq_ignore_ascii_case(option) => {
                Some((value.span.start, text.as_str()))
            }
            _ => None,
        }
    })
}

/// The byte of a place in a text.
fn offset(text: &str, at: Location) -> usize {
    let (mut line, mut column) = (1, 1);
    for (byte, letter) in text.char_indices() {
        if (line, column) == (at.line, at.column) {
            return byte;
        }
        match letter {
            '\n' => (line, column) = (line + 1, 1),
            _ => column += 1,
        }
    }
    text.len()
}

/// The length of the quoted text that `sql` begins with.
fn quoted(sql: &str) -> usize {
    let mut at = 1;
    while let Some(end) = sql.get(at..).and_then(|rest| rest.find('\'')) {
        at += end + 1;
        if !sql.get(at..).is_some_and(|rest| rest.starts_with('\'')) {
            return at;
        }
        at += 1;
    }
    sql.len()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SCHEMA: &str = r#"{
        "type": "record", "name": "it's",
        "fields": [ {"name": "at", "type": "long"} ]
    }"#;
    const SHORT: &str =
        r#"{"type":"record","name":"it''s","fields":[{"name":"at","type":"long"}]}"#;

    fn embedded(sql: &str) -> Result<String, String> {
        let read = |name: &str| match name {
            "it's.avsc" => Ok(SCHEMA.to_owned()),
            "broken.avsc" => Ok("[".into()),
            _ => Err("there is no such file".to_owned()),
        };
        embed(sql, read).map_err(|error| error.to_string())
    }

    #[test]
    fn files_are_put_in_where_they_are_named() {
        let sql = "-- schema = 'x'\nCREATE TABLE é (at TIMESTAMP) WITH (é = 'é', schema = 'it''s.avsc', b = '2');\n\
                   create table b () WITH ('SCHEMA'='it''s.avsc');\n\
                   CREATE VIEW v AS SELECT schema = 'x'";
        let expected = sql.replace("it''s.avsc", SHORT);
        assert_eq!(embedded(sql).unwrap(), expected);
        // What is in already stays.
        assert_eq!(embedded(&expected).unwrap(), expected);
        assert_eq!(embedded("CREATE TABLE '").unwrap(), "CREATE TABLE '");
    }

    #[test]
    fn a_table_that_is_a_file_is_pinned_once() {
        let find = |name: &str| match name {
            "side.csv" => Ok(("/data/it's/side.csv".to_owned(), "00ff".to_owned())),
            _ => Err("there is no such file".to_owned()),
        };
        let sql = "CREATE TABLE a (k INT) WITH (path = 'side.csv');\nCREATE TABLE b (t TIMESTAMP)";
        let pinned = pin_files(sql, find).unwrap();
        let new = "'/data/it''s/side.csv', hash = '00ff'";
        assert_eq!(pinned, sql.replace("'side.csv'", new));
        assert_eq!(pin_files(&pinned, |_| Err(String::new())).unwrap(), pinned);
        let error = pin_files("CREATE TABLE a (k INT) WITH (path = 'no.csv')", find);
        assert_eq!(
            error.unwrap_err().to_string(),
            "1:37: cannot read no.csv: there is no such file; name a CSV or Parquet file, relative to this one"
        );
    }

    #[test]
    fn a_file_that_is_no_schema_is_told_where_it_is_named() {
        let help = "name a file of a record's schema in JSON, relative to this one";
        assert_eq!(
            embedded("CREATE TABLE a ()\nWITH (schema = 'x.avsc')").unwrap_err(),
            format!("2:16: cannot read x.avsc: there is no such file; {help}")
        );
        let error = embedded("CREATE TABLE a () WITH (schema = 'broken.avsc')").unwrap_err();
        assert!(
            error.starts_with("1:34: the schema in broken.avsc is no JSON: EOF"),
            "{error}"
        );
    }
}
