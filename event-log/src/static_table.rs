//! The rows of a table that is a file.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::{CastOptions, cast_with_options, concat_batches};
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use shared_logic::static_table::{StaticFormat, StaticTable, content_hash};

use crate::LogError;

/// Reads all rows, in the columns and types of the table; columns of the file are found by name.
///
/// # Errors
/// The file cannot be read, has other content than the table's hash says, lacks a column, or holds a
/// value that does not convert or a NULL where the table forbids it.
pub fn read(table: &StaticTable) -> Result<RecordBatch, LogError> {
    let path = Path::new(&table.path);
    let wrong = |reason: String| LogError::Input {
        path: path.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    if table
        .hash
        .as_ref()
        .is_some_and(|hash| *hash != content_hash(&bytes))
    {
        return Err(wrong(format!(
            "the file of table {} has changed since the view was made: put the old one back, or run seam reprocess to make a version of the view with the new one",
            table.name
        )));
    }
    let rows = match table.format {
        StaticFormat::Csv => csv(&bytes),
        StaticFormat::Parquet => parquet(bytes.into()),
    };
    typed(&rows.map_err(|error| wrong(error.to_string()))?, table).map_err(wrong)
}

/// All columns as text, under the names of the first line.
fn csv(bytes: &[u8]) -> Result<RecordBatch, ArrowError> {
    let format = arrow::csv::reader::Format::default().with_header(true);
    let (found, _) = format.infer_schema(bytes, Some(0))?;
    let texts = found
        .fields()
        .iter()
        .map(|field| Field::new(field.name(), DataType::Utf8, true));
    let schema = Arc::new(Schema::new(texts.collect::<Vec<_>>()));
    let reader = ReaderBuilder::new(Arc::clone(&schema))
        .with_header(true)
        .build(bytes)?;
    whole(&schema, reader)
}

fn parquet(bytes: Bytes) -> Result<RecordBatch, ArrowError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let schema = Arc::clone(builder.schema());
    whole(&schema, builder.build()?)
}

fn whole(
    schema: &SchemaRef,
    chunks: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<RecordBatch, ArrowError> {
    let chunks = chunks.collect::<Result<Vec<_>, _>>()?;
    concat_batches(schema, &chunks)
}

fn typed(rows: &RecordBatch, table: &StaticTable) -> Result<RecordBatch, String> {
    let mut columns: Vec<ArrayRef> = vec![];
    // A value that does not convert is an error and no NULL.
    let strict = CastOptions {
        safe: false,
        ..Default::default()
    };
    for field in table.schema.fields() {
        let name = field.name();
        let column = rows.column_by_name(name).ok_or_else(|| {
            let schema = rows.schema();
            let known: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            format!("there is no column {name}, only: {}", known.join(", "))
        })?;
        let column = cast_with_options(column, field.data_type(), &strict)
            .map_err(|error| format!("column {name}: {error}"))?;
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(format!(
                "column {name} is NOT NULL and has a row without a value"
            ));
        }
        columns.push(column);
    }
    RecordBatch::try_new(Arc::clone(&table.schema), columns).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn table(path: &Path, columns: Vec<Field>, hash: Option<String>) -> StaticTable {
        StaticTable {
            name: "side".into(),
            schema: Arc::new(Schema::new(columns)),
            path: path.to_string_lossy().into_owned(),
            format: StaticFormat::Csv,
            hash,
        }
    }

    #[test]
    fn columns_are_found_by_name_and_values_must_convert() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("side.csv");
        let text = "name,key,more\n\"a, b\",1,x\n,2,y\n";
        std::fs::write(&path, text).unwrap();
        let key = Field::new("key", DataType::Int64, false);
        let name = Field::new("name", DataType::Utf8, true);
        let columns = vec![key.clone(), name.clone()];
        let hash = Some(content_hash(text.as_bytes()));
        let rows = read(&table(&path, columns.clone(), hash)).unwrap();
        assert_eq!(rows.column(0).as_primitive::<Int64Type>().values(), &[1, 2]);
        let names: Vec<_> = rows.column(1).as_string::<i32>().iter().collect();
        assert_eq!(names, [Some("a, b"), None]);

        let fails = |columns: Vec<Field>, hash: Option<String>| {
            read(&table(&path, columns, hash)).unwrap_err().to_string()
        };
        let changed = fails(columns, Some("00".into()));
        assert!(changed.contains("has changed since"), "{changed}");
        let more = fails(vec![Field::new("more", DataType::Int64, true)], None);
        assert!(more.contains("column more"), "{more}");
        let none = fails(vec![Field::new("mor", DataType::Int64, true)], None);
        assert!(
            none.contains("no column mor, only: name, key, more"),
            "{none}"
        );
        let null = fails(vec![name.with_nullable(false)], None);
        assert!(null.contains("NOT NULL"), "{null}");
    }
}
