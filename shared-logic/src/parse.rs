//! SQL text into tables and views, with every spelling of a window turned into one.

use sqlparser::ast::{
    CreateTable, CreateTableOptions, CreateView, Expr, Ident, ObjectName, Query, Select, SqlOption,
    Statement, Value,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Location, Token, TokenWithSpan};

use crate::dialect::{self, StreamDialect};
use crate::question::split::{Known, split};
use crate::sql_error::SqlError;
use crate::window::Window;

mod column;
mod file;
mod hint;
pub(crate) mod interval;
pub(crate) mod name;
mod options;
mod session_frame;
pub(crate) mod shape;
mod watermark;
pub mod write;

pub use file::{embed, pin_files};
use name::normal;
pub use name::suggest;
pub use options::ViewOptions;
pub(crate) use shape::WORKS;

/// What a `.sql` file says, in its order.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its `CREATE TABLE`s of events.
    pub tables: Vec<ParsedTable>,
    /// Its `CREATE TABLE`s that are files: those with an option `path`.
    pub statics: Vec<ParsedTable>,
    /// What its `CREATE VIEW`s maintain.
    pub views: Vec<ParsedView>,
    /// Its `CREATE VIEW`s.
    pub questions: Vec<ParsedQuestion>,
}

/// A `CREATE VIEW`: the folds that it reads, and what it asks of their rows.
#[derive(Clone, Debug)]
pub struct ParsedQuestion {
    /// Its name.
    pub name: String,
    /// Where the name stands in the text.
    pub at: Location,
    /// The names of the folds that it reads, in the order in which it names them.
    pub folds: Vec<String>,
    /// Those among them that no other view has.
    pub own: Vec<String>,
    /// The names of the files that it reads.
    pub statics: Vec<String>,
    /// The question, in which folds and files are tables; `None` for the rows of the one fold.
    pub query: Option<Query>,
}

/// A `CREATE TABLE`; names are normal, that is in small letters unless they were quoted.
#[derive(Clone, Debug)]
pub struct ParsedTable {
    /// The statement without its WATERMARK clause.
    pub create: CreateTable,
    /// The column that WATERMARK names, and how far the watermark stays behind it in microseconds.
    pub watermark: Option<(String, i64)>,
}

/// One GROUP BY over events, in its one canonical form: what is maintained.
#[derive(Clone, Debug)]
pub struct ParsedView {
    /// The name of its view; with a number behind it where a view has several folds.
    pub name: String,
    /// Where the view's name stands in the text.
    pub at: Location,
    /// The table it reads.
    pub table: String,
    /// The column whose time decides the window, or the event time of the table.
    pub time_column: String,
    /// Its windows.
    pub window: Window,
    /// The keys that sessions are found by, each as an expression over the table: those of
    /// PARTITION BY, or all keys where the session is in GROUP BY. Empty for other windows.
    pub sessions_by: Vec<Expr>,
    /// Whether it has no aggregate and no GROUP BY: its answer has one row an event and window.
    pub rows: bool,
    /// What WITH says.
    pub options: ViewOptions,
    /// The SELECT: FROM names the table alone, columns are not qualified, names are normal, and
    /// the window's calls are the columns `window_start` and `window_end`. GROUP BY lists
    /// `window_start` and `window_end`, unless the window is [`Window::All`], and then the keys as
    /// expressions over the table, each once; in a view of rows the keys are the items of SELECT.
    /// Every item that is not a column has an alias.
    pub select: Select,
}

impl ParsedTable {
    /// Its name.
    pub fn name(&self) -> String {
        let part = self.create.name.0.first().and_then(|part| part.as_ident());
        part.map(|ident| ident.value.clone()).unwrap_or_default()
    }

    /// The names of its columns.
    pub fn columns(&self) -> Vec<&str> {
        (self.create.columns.iter())
            .map(|column| column.name.value.as_str())
            .collect()
    }

    /// Whether it is a file: whether WITH names a path.
    pub fn is_static(&self) -> bool {
        self.option("path").is_some()
    }

    /// The text of an option in WITH.
    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let list = match &self.create.table_options {
            CreateTableOptions::With(list) => list.as_slice(),
            _ => &[],
        };
        list.iter().find_map(|option| match option {
            SqlOption::KeyValue {
                key,
                value: Expr::Value(value),
            } if key.value.eq_ignore_ascii_case(name) => match &value.value {
                Value::SingleQuotedString(text) => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        })
    }

    /// The names of the options in WITH.
    pub(crate) fn options(&self) -> Vec<&str> {
        let list = match &self.create.table_options {
            CreateTableOptions::With(list) => list.as_slice(),
            _ => &[],
        };
        let names = list.iter().filter_map(|option| match option {
            SqlOption::KeyValue { key, .. } => Some(key.value.as_str()),
            _ => None,
        });
        names.collect()
    }

    /// The event-time column that WITH or WATERMARK names.
    pub fn event_time(&self) -> Option<String> {
        let option = self.option("event_time").map(str::to_owned);
        option.or_else(|| self.watermark.as_ref().map(|(column, _)| column.clone()))
    }
}

/// Parses a job and brings its views into canonical form; types and functions are not looked at.
///
/// # Errors
/// The first mistake in the text: syntax, an unknown table or column, no window, or a clause that a
/// view cannot have.
pub fn parse(sql: &str) -> Result<Parsed, SqlError> {
    let mut tables: Vec<ParsedTable> = vec![];
    let mut creates: Vec<CreateView> = vec![];
    for tokens in dialect::tokens(sql)?.split(|token| token.token == Token::SemiColon) {
        match statement(tokens.to_vec())? {
            None => {}
            Some(Definition::Table(table)) => {
                let at = place(&table.create.name);
                let taken = tables.iter().any(|other| other.name() == table.name());
                refuse_twice(taken, "table", &table.name(), at)?;
                tables.push(*table);
            }
            Some(Definition::View(view)) => creates.push(*view),
        }
    }
    let (statics, tables): (Vec<_>, Vec<_>) = tables.into_iter().partition(ParsedTable::is_static);
    let mut parsed = Parsed {
        tables,
        statics,
        views: vec![],
        questions: vec![],
    };
    for create in creates {
        let name = plain_name(&create.name)?;
        let at = name.span.start;
        let taken = (parsed.questions.iter()).any(|other| other.name == name.value)
            || (parsed.tables.iter().chain(&parsed.statics))
                .any(|table| table.name() == name.value);
        refuse_twice(taken, "view", &name.value, at)?;
        let options = options::read(&create.options, at)?;
        let known = Known {
            tables: &parsed.tables,
            statics: &parsed.statics,
            folds: &parsed.views,
            views: &parsed.questions,
        };
        let (folds, question) = split(create, &name, options, known)?;
        parsed.views.extend(folds);
        parsed.questions.push(question);
    }
    Ok(parsed)
}

/// The error of the parser in a text of one statement, with its place and a way out.
pub fn syntax(sql: &str, error: ParserError) -> SqlError {
    let tokens = dialect::tokens(sql).unwrap_or_default();
    let end = (tokens.last()).map_or(Location::empty(), |token| token.span.end);
    hint::hint(SqlError::parser(error, end), &tokens)
}

enum Definition {
    Table(Box<ParsedTable>),
    View(Box<CreateView>),
}

/// Parses one statement; `None` for an empty one.
fn statement(tokens: Vec<TokenWithSpan>) -> Result<Option<Definition>, SqlError> {
    let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else {
        return Ok(None);
    };
    let (start, end) = (first.span.start, last.span.end);
    let creates = |token: &TokenWithSpan| token.token.to_string().eq_ignore_ascii_case("create");
    if !creates(first) {
        return Err(not_ours(start));
    }
    let (tokens, clause) = watermark::lift(tokens)?;
    let mut tokens = session_frame::rewrite(tokens);
    if tokens
        .get(1)
        .is_some_and(|second| second.token.to_string().eq_ignore_ascii_case("table"))
    {
        column::free_names(&mut tokens);
    }
    let dialect = StreamDialect;
    let mut parser = Parser::new(&dialect).with_tokens_with_locations(tokens.clone());
    let hinted = |error| hint::hint(error, &tokens);
    let statement =
        (parser.parse_statement()).map_err(|error| hinted(SqlError::parser(error, end)))?;
    let rest = parser.peek_token();
    if rest.token != Token::EOF {
        let message = format!("expected the end of the statement, found {}", rest.token);
        let help = "separate statements by ;";
        return Err(hinted(SqlError::new(rest.span.start, message, help)));
    }
    match statement {
        Statement::CreateTable(mut create) => {
            let name = plain_name(&create.name)?;
            create.name = ObjectName::from(name);
            for column in &mut create.columns {
                column.name = normal(&column.name);
            }
            Ok(Some(Definition::Table(Box::new(ParsedTable {
                create,
                watermark: clause,
            }))))
        }
        Statement::CreateView(create) => Ok(Some(Definition::View(Box::new(create)))),
        _ => Err(not_ours(start)),
    }
}

fn not_ours(at: Location) -> SqlError {
    SqlError::new(
        at,
        "a job is made of CREATE TABLE and CREATE VIEW statements only",
        "write CREATE VIEW name AS SELECT …",
    )
}

fn refuse_twice(taken: bool, kind: &str, name: &str, at: Location) -> Result<(), SqlError> {
    if !taken {
        return Ok(());
    }
    let message = format!("the name {name} is taken");
    Err(SqlError::new(
        at,
        message,
        format!("give the {kind} another name"),
    ))
}

/// The one identifier of a name, in normal form.
fn plain_name(name: &ObjectName) -> Result<Ident, SqlError> {
    match name.0.as_slice() {
        [part] if part.as_ident().is_some() => {
            Ok(part.as_ident().map_or_else(|| Ident::new(""), normal))
        }
        _ => Err(SqlError::new(
            place(name),
            format!("the name {name} has several parts"),
            "a job has no catalogs or schemas, write the last part alone",
        )),
    }
}

/// Where a name starts.
pub(crate) fn place(name: &ObjectName) -> Location {
    (name.0.iter())
        .filter_map(|part| part.as_ident())
        .map(|part| part.span.start)
        .next()
        .unwrap_or(Location::empty())
}
