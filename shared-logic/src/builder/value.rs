//! What a builder computes from an event: a column, or code over columns.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::and_kleene;
use arrow::datatypes::DataType;

use super::BuildError;
use crate::error::{Result, fail};
use crate::fingerprint::{column_text, quoted};
use crate::prepare::Compute;
use crate::prepare::expression::{Column, Expression};
use crate::table::{Table, type_name};

/// A value of an event: a column by its name, or code over columns.
///
/// Fingerprints hold the name of code, as they cannot hold the code: what computes something else
/// needs another name, say `long_delays_v2`, or old segments are merged with new ones.
#[derive(Clone, Debug)]
pub struct Value(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Column(String),
    Code {
        name: String,
        columns: Vec<String>,
        takes: Option<DataType>,
        gives: DataType,
        run: Code,
    },
}

type Function = dyn Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync;

/// A function over whole columns.
#[derive(Clone)]
struct Code(Arc<Function>);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("code")
    }
}

impl From<&str> for Value {
    fn from(column: &str) -> Self {
        col(column)
    }
}

/// The column of this name.
pub fn col(name: impl Into<String>) -> Value {
    Value(Kind::Column(name.into()))
}

/// Code over whole columns, one value of type `gives` for each row; [`super::each`] is for code over
/// one value at a time.
///
/// A row without a value is an error of the code: all rows are then tried again in halves, and those
/// that fail alone are rejected.
///
/// ```
/// use arrow::array::ArrayRef;
/// use arrow::compute::kernels::numeric::add;
/// use arrow::datatypes::DataType;
/// use shared_logic::builder::code;
///
/// let total = code("total", ["price", "tip"], DataType::Int64, |columns: &[ArrayRef]| {
///     add(&columns[0], &columns[1])
/// });
/// ```
pub fn code<C: Into<String>>(
    name: impl Into<String>,
    columns: impl IntoIterator<Item = C>,
    gives: DataType,
    run: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Value {
    Value(Kind::Code {
        name: name.into(),
        columns: columns.into_iter().map(Into::into).collect(),
        takes: None,
        gives,
        run: Code(Arc::new(run)),
    })
}

/// Code over one column of this type.
pub(super) fn over(
    name: impl Into<String>,
    column: impl Into<String>,
    takes: DataType,
    gives: DataType,
    run: impl Fn(&ArrayRef) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Value {
    Value(Kind::Code {
        name: name.into(),
        columns: vec![column.into()],
        takes: Some(takes),
        gives,
        run: Code(Arc::new(move |columns| match columns {
            [column] => run(column),
            _ => fail!("expected one column, got {}", columns.len()),
        })),
    })
}

/// A value that found its columns.
#[derive(Clone, Debug)]
pub(super) struct Bound {
    pub(super) text: String,
    pub(super) canonical: String,
    pub(super) data_type: DataType,
    pub(super) nullable: bool,
    /// The columns of the table that it is over, in the order in which they are given.
    pub(super) columns: Vec<usize>,
    code: Option<Code>,
}

impl Value {
    /// Finds the columns.
    pub(super) fn bind(&self, table: &Table) -> Result<Bound, BuildError> {
        let find = |name: &String| {
            table.index(name).ok_or_else(|| {
                let known = table.schema.fields().iter();
                let known: Vec<&str> = known.map(|field| field.name().as_str()).collect();
                BuildError::Column {
                    table: table.name.clone(),
                    column: name.clone(),
                    known: known.join(", "),
                }
            })
        };
        let field = |at: usize| table.schema.field(at);
        match &self.0 {
            Kind::Column(name) => {
                let at = find(name)?;
                Ok(Bound {
                    text: name.clone(),
                    canonical: column_text(name),
                    data_type: field(at).data_type().clone(),
                    nullable: field(at).is_nullable(),
                    columns: vec![at],
                    code: None,
                })
            }
            Kind::Code {
                name,
                columns,
                takes,
                gives,
                run,
            } => {
                let found = columns.iter().map(find).collect::<Result<Vec<_>, _>>()?;
                for at in &found {
                    let data_type = field(*at).data_type();
                    if let Some(takes) = takes.as_ref().filter(|takes| *takes != data_type) {
                        return Err(BuildError::Type {
                            what: format!("{name} over {}", field(*at).name()),
                            found: type_name(data_type),
                            help: format!("its code takes {}", type_name(takes)),
                        });
                    }
                }
                let texts: Vec<String> = columns.iter().map(|name| column_text(name)).collect();
                Ok(Bound {
                    text: name.clone(),
                    canonical: format!("code:{}({})", quoted(name), texts.join(", ")),
                    data_type: gives.clone(),
                    nullable: true,
                    columns: found,
                    code: Some(run.clone()),
                })
            }
        }
    }
}

impl Bound {
    /// The value over rows of these columns of the table.
    pub(super) fn run(&self, over: &[usize]) -> Expression {
        let places = self.columns.iter();
        let mut places: Vec<usize> = places
            .filter_map(|column| over.iter().position(|one| one == column))
            .collect();
        let run: Arc<dyn Compute> = match (&self.code, places.as_mut_slice()) {
            (None, [at]) => Arc::new(Column::new(*at, &self.text)),
            (code, _) => Arc::new(Called {
                places,
                gives: self.data_type.clone(),
                code: code.clone(),
            }),
        };
        Expression {
            text: self.text.clone(),
            data_type: self.data_type.clone(),
            run,
        }
    }
}

/// Code over some of the columns of rows.
#[derive(Debug)]
struct Called {
    places: Vec<usize>,
    gives: DataType,
    code: Option<Code>,
}

impl Compute for Called {
    fn compute(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        let columns: Vec<ArrayRef> = (self.places.iter())
            .filter_map(|at| rows.columns().get(*at).cloned())
            .collect();
        let Some(Code(code)) = &self.code else {
            return fail!("a column is missing");
        };
        let values = code(&columns)?;
        match values.len() == rows.num_rows() && *values.data_type() == self.gives {
            true => Ok(values),
            false => fail!(
                "the code gave {} values of {} for {} rows, {} was announced",
                values.len(),
                values.data_type(),
                rows.num_rows(),
                self.gives
            ),
        }
    }
}

/// All of some conditions as one; `None` where there is none.
pub(super) fn all(conditions: &[Bound], over: &[usize]) -> Option<Expression> {
    let mut parts: Vec<Expression> = conditions.iter().map(|one| one.run(over)).collect();
    if parts.len() < 2 {
        return parts.pop();
    }
    let texts: Vec<&str> = parts.iter().map(|part| part.text.as_str()).collect();
    Some(Expression {
        text: texts.join(" AND "),
        data_type: DataType::Boolean,
        run: Arc::new(All(parts)),
    })
}

/// Several conditions.
#[derive(Debug)]
struct All(Vec<Expression>);

impl Compute for All {
    fn compute(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        let mut all: Option<ArrayRef> = None;
        for part in &self.0 {
            let values = part.run.compute(rows)?;
            let values = match all {
                Some(all) => Arc::new(and_kleene(all.as_boolean(), values.as_boolean())?),
                None => values,
            };
            all = Some(values);
        }
        match all {
            Some(all) => Ok(all),
            None => fail!("no condition"),
        }
    }
}
