//! How a command ends: 0, 1 (the answer is wrong or the run failed) or 2 (bad usage or bad input).

use std::process::ExitCode;

use shared_logic::sql_error::SqlError;

/// Why a command did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// The answer is wrong or the run failed.
    Failed(anyhow::Error),
    /// What was given cannot be used.
    Input(anyhow::Error),
    /// A SQL text is wrong: the error, and the text's line with the place marked.
    Sql(SqlError, String),
}

/// The result of a command.
pub type Outcome<T = ()> = Result<T, Failure>;

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Marks an error as caused by what was given.
pub trait OrInput<T> {
    /// The same result, with an error that ends in exit code 2.
    fn or_input(self) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> OrInput<T> for Result<T, E> {
    fn or_input(self) -> Outcome<T> {
        self.map_err(|error| Failure::Input(error.into()))
    }
}

impl Failure {
    /// A failure caused by what was given.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(anyhow::Error::msg(message.into()))
    }

    /// A failure caused by the text `sql`.
    pub fn sql(error: SqlError, sql: &str) -> Self {
        let excerpt = error.excerpt(sql);
        Self::Sql(error, excerpt)
    }

    /// Prints the one line, below it the place in a SQL text, and says how to end.
    pub fn report(&self) -> ExitCode {
        let (error, code) = match self {
            Self::Failed(error) => (error, 1),
            Self::Input(error) => (error, 2),
            Self::Sql(error, excerpt) => {
                eprint!("seam: {error}\n{excerpt}");
                return ExitCode::from(2);
            }
        };
        // A reader that closed the pipe has seen enough.
        let closed = error.downcast_ref::<std::io::Error>();
        if closed.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
            return ExitCode::SUCCESS;
        }
        eprintln!("seam: {}", line(error));
        ExitCode::from(code)
    }
}

/// The error and its causes in one line, without saying anything twice.
fn line(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !text.contains(&cause) {
            let separator = if text.is_empty() { "" } else { ": " };
            text = format!("{text}{separator}{cause}");
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
