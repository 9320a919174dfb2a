//! The narrowest type that nearly all values of a column convert to.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use shared_logic::chunk::{BROKEN, Chunk, Payload, SOURCE};
use shared_logic::decode::{Decoded, Decoder};
use shared_logic::identity::{Offset, Partition, TopicPartition};
use shared_logic::table::Table;

use super::columns::Column;
use super::{INSTANT, LeftOut, names};

/// What texts, and values of JSON, are tried as.
const LADDER: [DataType; 6] = [
    DataType::Boolean,
    DataType::Int64,
    DataType::Float64,
    DataType::Date32,
    INSTANT,
    DataType::Utf8,
];

/// One value in this many may fail to convert: a few broken ones do not make texts of numbers.
const TOLERATED: usize = 20;

/// What is found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) columns: Vec<Column>,
    /// Those that no table can have, with their places in the file.
    pub(super) left_out: Vec<(usize, LeftOut)>,
    /// How many records there are.
    pub(super) rows: usize,
    /// Why the first of those that are broken is.
    pub(super) broken: Option<String>,
}

/// The columns of a sample.
pub(super) fn of(bare: &Table, payload: Payload) -> Result<Found, ArrowError> {
    let chunk = Chunk {
        place: TopicPartition {
            topic: bare.topic.clone(),
            partition: Partition(0),
        },
        start: Offset(0),
        next: Offset(0),
        offsets: None,
        arrivals: None,
        payload,
    };
    let rows = chunk.rows();
    let (names, kinds): (Vec<String>, Vec<Option<DataType>>) = match &chunk.payload {
        Payload::Raw(raw) => names::fields(&raw.values)
            .into_iter()
            .map(|name| (name, None))
            .unzip(),
        Payload::Typed(columns) => (columns.schema().fields().iter())
            .filter(|field| ![BROKEN, SOURCE].contains(&field.name().as_str()))
            .map(|field| (field.name().clone(), Some(field.data_type().clone())))
            .unzip(),
    };
    let tried = LADDER
        .iter()
        .map(|to| decode(bare, &chunk, &names, to))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut columns, mut left_out): (Vec<Column>, _) = (vec![], vec![]);
    for (at, (name, kind)) in names.iter().zip(&kinds).enumerate() {
        let values = match name.as_str() {
            "" => Err("it has no name".to_owned()),
            "window_start" | "window_end" => Err("the name is taken by the window".to_owned()),
            _ if columns.iter().any(|column| column.name == *name) => {
                Err("another column has the same name".to_owned())
            }
            _ => match kind.as_ref().map(mapped) {
                Some(Mapped::To(to)) => one(bare, &chunk, name, &to),
                Some(Mapped::Nothing(reason)) => Err(reason),
                Some(Mapped::Text) | None => best(&tried, at, looks(&chunk, name)),
            },
        };
        match values {
            Ok(values) => columns.push(Column::new(name.clone(), values)),
            Err(reason) => left_out.push((
                at,
                LeftOut {
                    column: name.clone(),
                    reason,
                },
            )),
        }
    }
    let faults = tried.first().map(|decoded| decoded.faults.as_slice());
    let mut faults = faults.unwrap_or_default().iter();
    Ok(Found {
        columns,
        left_out,
        rows,
        broken: (faults.find(|fault| fault.column.is_none())).map(|fault| fault.reason.clone()),
    })
}

/// What a column of a typed file becomes.
enum Mapped {
    /// This type.
    To(DataType),
    /// What its texts say.
    Text,
    /// Nothing, for this reason.
    Nothing(String),
}

fn mapped(kind: &DataType) -> Mapped {
    use DataType::{
        Binary, BinaryView, Boolean, Date32, Date64, Decimal128, Dictionary, Float16, Float32,
        Float64, Int8, Int16, Int32, Int64, LargeBinary, LargeUtf8, Null, Timestamp, UInt8, UInt16,
        UInt32, UInt64, Utf8, Utf8View,
    };
    match kind {
        Boolean | Int8 | Int16 | Int32 | Int64 | Float32 | Float64 => Mapped::To(kind.clone()),
        UInt8 => Mapped::To(Int16),
        UInt16 => Mapped::To(Int32),
        UInt32 | UInt64 => Mapped::To(Int64),
        Float16 => Mapped::To(Float32),
        Decimal128(_, scale) if *scale >= 0 => Mapped::To(kind.clone()),
        Date32 | Date64 => Mapped::To(Date32),
        Timestamp(..) => Mapped::To(INSTANT),
        Utf8 | LargeUtf8 | Utf8View | Binary | LargeBinary | BinaryView => Mapped::Text,
        Dictionary(_, values) => mapped(values),
        Null => Mapped::Nothing("it holds nothing but NULLs".into()),
        other => Mapped::Nothing(format!("no column can hold {other}; flatten it first")),
    }
}

fn decode(
    bare: &Table,
    chunk: &Chunk,
    names: &[String],
    to: &DataType,
) -> Result<Decoded, ArrowError> {
    // A name that comes twice is decoded twice, so that columns keep their places.
    let fields: Vec<Field> = (names.iter())
        .map(|name| Field::new(name, to.clone(), true))
        .collect();
    let all: Vec<usize> = (0..fields.len()).collect();
    let table = Table {
        schema: Arc::new(Schema::new(fields)) as SchemaRef,
        ..bare.clone()
    };
    Decoder::new(Arc::new(table), &all)
        .decode(chunk)
        .map_err(|error| ArrowError::ExternalError(Box::new(error)))
}

/// One column in a type that is known.
fn one(bare: &Table, chunk: &Chunk, name: &str, to: &DataType) -> Result<ArrayRef, String> {
    let decoded = decode(bare, chunk, &[name.to_owned()], to).map_err(|error| error.to_string())?;
    let values = decoded.columns.columns().first().cloned();
    values.ok_or_else(|| "it cannot be read".to_owned())
}

/// The type that the values of column `at` fit best, texts where none but they fit well; of equal
/// ones the narrowest.
fn best(tried: &[Decoded], at: usize, looks: Looks) -> Result<ArrayRef, String> {
    let mut found: Option<(usize, &ArrayRef)> = None;
    let mut reason = String::new();
    for (to, decoded) in LADDER.iter().zip(tried) {
        let faults = || {
            decoded
                .faults
                .iter()
                .filter(|fault| fault.column == Some(at))
        };
        let Some(values) = decoded.columns.columns().get(at) else {
            continue;
        };
        let read = values.len() - values.null_count();
        let failed = faults().count();
        if read == 0 && failed == 0 {
            return Err(format!(
                "the first {} records have no value of it",
                values.len()
            ));
        }
        let fits = read > 0 && failed * TOLERATED <= read + failed;
        let looks_so = match to {
            DataType::Int64 => !looks.coded && !looks.pointed,
            // Digits alone would be an instant in milliseconds, too.
            DataType::Float64 | DataType::Timestamp(..) => !looks.coded,
            // Every field of CSV is a text: they fit only where nothing else does.
            DataType::Utf8 => found.is_none(),
            _ => true,
        };
        let better = found.is_none_or(|(least, _)| failed < least);
        if fits && looks_so && better {
            found = Some((failed, values));
        }
        if let Some(fault) = faults().next() {
            reason.clone_from(&fault.reason);
        }
    }
    match found {
        Some((_, values)) => Ok(Arc::clone(values)),
        None => Err(format!("no type fits ({reason}); flatten it first")),
    }
}

/// What is special about the texts of a typed file that look like numbers.
#[derive(Clone, Copy, Default)]
struct Looks {
    /// One has a zero before other digits, which a number would lose.
    coded: bool,
    /// One has a point, though its fraction may be zero.
    pointed: bool,
}

fn looks(chunk: &Chunk, name: &str) -> Looks {
    let mut looks = Looks::default();
    let Payload::Typed(columns) = &chunk.payload else {
        return looks;
    };
    let texts = columns.column_by_name(name);
    let texts = texts.and_then(|column| column.as_string_opt::<i32>());
    for text in texts.iter().flat_map(|texts| texts.iter().flatten()) {
        let digits = text.as_bytes();
        looks.coded |= digits.len() > 1
            && digits.first() == Some(&b'0')
            && digits.iter().all(u8::is_ascii_digit);
        looks.pointed |= digits.contains(&b'.');
    }
    looks
}
