//! How the records of a topic are written: each on its own, without a file's header.

use apache_avro::rabin::Rabin;
use apache_avro::schema::Schema;
use serde_json::Value as Json;
use shared_logic::parse::ParsedTable;

use super::{Rows, avro, csv, json};
use crate::truth::TruthError;
use crate::truth::kind::Kind;
use crate::truth::unit::option;

/// What the option `format` of a table says.
#[derive(Debug)]
pub(in crate::truth) enum Form {
    /// One JSON object.
    Json,
    /// One record of CSV, its fields in the order of the table's columns.
    Csv(csv::Header),
    /// One datum of Avro.
    Avro {
        datum: avro::Datum,
        /// What stands before each datum.
        framing: Framing,
    },
}

/// What stands before a datum.
#[derive(Debug)]
pub(in crate::truth) enum Framing {
    /// Nothing, or these ten bytes.
    Bare(Vec<u8>),
    /// A zero, and the number of a schema in four bytes.
    Registry,
}

impl Form {
    /// The form of a table's records, of which the columns `wanted` are read.
    ///
    /// # Errors
    /// A form that is not known, a schema that is not read, and a column that is not there.
    pub(in crate::truth) fn new(
        table: &ParsedTable,
        wanted: &[(&str, Kind)],
    ) -> Result<Self, TruthError> {
        let topic = table.create.name.to_string();
        match option(table, "format").unwrap_or("json") {
            "json" => Ok(Self::Json),
            "csv" => {
                let names = table.columns().into_iter();
                let names = names.map(|name| Some(name.to_owned())).collect();
                csv::header(Some(Some(names)), topic.as_ref(), wanted).map(Self::Csv)
            }
            format @ ("avro" | "avro-confluent") => {
                let text = option(table, "schema").unwrap_or_default();
                let wrong = |error: &dyn std::fmt::Display| {
                    TruthError::Sql(format!("the schema of {topic}: {error}"))
                };
                let schema = Schema::parse_str(text).map_err(|error| wrong(&error))?;
                let framing = match format {
                    "avro" => Framing::Bare(mark(text).map_err(|error| wrong(&error))?),
                    _ => Framing::Registry,
                };
                let datum = avro::Datum::new(schema, topic.as_ref(), wanted)?;
                Ok(Self::Avro { datum, framing })
            }
            other => Err(TruthError::Sql(format!("unknown format {other}"))),
        }
    }

    /// Appends a record to `rows`, which have the columns `wanted`; it is broken without a value.
    pub(in crate::truth) fn push(
        &self,
        record: Option<&[u8]>,
        wanted: &[(&str, Kind)],
        rows: &mut Rows,
    ) {
        let Some(record) = record else {
            return rows.push(None);
        };
        match self {
            Self::Json => rows.push(json::record(record, wanted)),
            Self::Csv(header) => rows.push(header.record(csv::alone(record))),
            Self::Avro { datum, framing } => datum.push(framing.strip(record), rows),
        }
    }
}

/// What a single-object encoding writes before a datum of a schema: two bytes and its fingerprint.
fn mark(schema: &str) -> Result<Vec<u8>, apache_avro::Error> {
    let schema = serde_json::from_str(schema).unwrap_or_default();
    let print = Schema::parse(&plain(schema))?.fingerprint::<Rabin>();
    Ok([[0xC3, 0x01].as_slice(), &print.bytes].concat())
}

/// A schema without logical types, which the canonical form does not know and the library leaves in.
fn plain(schema: Json) -> Json {
    match schema {
        Json::Object(mut object) => match object.remove("logicalType") {
            // A fixed type keeps its name and size; any other is its primitive type alone.
            Some(_) if !object.contains_key("name") => object.remove("type").unwrap_or_default(),
            _ => {
                let fields = object.into_iter();
                Json::Object(fields.map(|(name, value)| (name, plain(value))).collect())
            }
        },
        Json::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}

impl Framing {
    fn strip<'r>(&self, record: &'r [u8]) -> Option<&'r [u8]> {
        match (self, record) {
            (Self::Bare(mark), _) => Some(record.strip_prefix(mark.as_slice()).unwrap_or(record)),
            (Self::Registry, [0, _, _, _, _, rest @ ..]) => Some(rest),
            (Self::Registry, _) => None,
        }
    }
}
