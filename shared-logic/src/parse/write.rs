//! A table back into SQL.

use std::fmt::Write;

use sqlparser::ast::{ColumnDef, Expr, SelectItem, SetExpr, Statement};
use sqlparser::keywords::{RESERVED_FOR_COLUMN_ALIAS, RESERVED_FOR_TABLE_ALIAS};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::{Definition, statement};
use crate::dialect::{self, StreamDialect};
use crate::table::{Format, Table, type_name, unit_name};

/// The `CREATE TABLE` that compiles to this table, without a semicolon.
///
/// The event time is always named in its options, and so are topic and format.
pub fn create_table(table: &Table) -> String {
    let width = |text: &str| text.chars().count();
    let columns: Vec<(String, String)> = (table.schema.fields().iter())
        .map(|field| {
            let null = if field.is_nullable() { "" } else { " NOT NULL" };
            let data_type = type_name(field.data_type());
            (name(field.name()), format!("{data_type}{null}"))
        })
        .collect();
    let widest = columns.iter().map(|(name, _)| width(name)).max();
    let mut lines: Vec<String> = (columns.iter())
        .map(|(name, rest)| format!("  {name:<0$} {rest}", widest.unwrap_or_default()))
        .collect();
    let column = |index: usize| {
        let field = table.schema.fields().get(index);
        field.map_or("", |field| field.name().as_str())
    };
    let event_time = column(table.event_time);
    if table.watermark_delay > 0 {
        let (time, delay) = (name(event_time), seconds(table.watermark_delay));
        lines.push(format!(
            "  WATERMARK FOR {time} AS {time} - INTERVAL '{delay}' SECOND"
        ));
    }
    let mut options = vec![
        ("topic", table.topic.as_str().to_owned()),
        ("format", table.format.to_string()),
        ("event_time", event_time.to_owned()),
    ];
    if let Some(index) = table.partition_by {
        options.push(("partition_by", column(index).to_owned()));
    }
    if let Some(arrival) = &table.arrival {
        options.push(("arrival", arrival.clone()));
    }
    let units = units(table);
    if !units.is_empty() {
        options.push(("time_unit", units));
    }
    if let Format::Avro(avro) = &table.format {
        options.push(("schema", avro.schema.text().to_owned()));
    }
    let options: Vec<String> = (options.iter())
        .map(|(name, value)| format!("{name} = '{}'", value.replace('\'', "''")))
        .collect();
    format!(
        "CREATE TABLE {} (\n{}\n) WITH ({})",
        name(&table.name),
        lines.join(",\n"),
        options.join(", ")
    )
}

/// The units of time as the option has them; empty where all are as without it.
fn units(table: &Table) -> String {
    let plain = crate::table::TimeUnits::default();
    let mut units = vec![];
    if table.units.others != plain.others {
        units.push(unit_name(table.units.others).to_owned());
    }
    let columns = table.units.columns.iter();
    units.extend(columns.map(|(column, unit)| format!("{column} {}", unit_name(*unit))));
    units.join(", ")
}

/// Microseconds as seconds, exactly.
fn seconds(micros: i64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A name as SQL has it: in quotes where it would be read otherwise without them.
pub fn name(name: &str) -> String {
    let simple = |letter: char| matches!(letter, 'a'..='z' | '0'..='9' | '_');
    let begins = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    if name.starts_with(begins) && name.chars().all(simple) && is_read(name) {
        return name.to_owned();
    }
    let mut quoted = String::with_capacity(name.len() + 2);
    // Writing into a String cannot fail.
    let _ = write!(quoted, "\"{}\"", name.replace('"', "\"\""));
    quoted
}

/// Whether the parser takes a word for a name wherever a view has names: the words that it does not
/// are too many, and change too often, to list them here.
fn is_read(word: &str) -> bool {
    let keyword = Token::make_keyword(word);
    if let Token::Word(word) = &keyword
        && (RESERVED_FOR_COLUMN_ALIAS.contains(&word.keyword)
            || RESERVED_FOR_TABLE_ALIAS.contains(&word.keyword))
    {
        return false;
    }
    let parse = |sql: &str| {
        Parser::new(&StreamDialect)
            .with_tokens_with_locations(dialect::tokens(sql).ok()?)
            .parse_statement()
            .ok()
    };
    let table = format!("CREATE TABLE {word} ({word} INT NOT NULL, x INT, {word} VARCHAR)");
    let created = dialect::tokens(&table).ok().map(statement);
    let named = |column: &ColumnDef| column.name.value == word || column.name.value == "x";
    let declared = match created {
        Some(Ok(Some(Definition::Table(table)))) => {
            table.name() == word
                && table.create.columns.len() == 3
                && table.create.columns.iter().all(named)
        }
        _ => false,
    };
    let select = format!(
        "SELECT {word}, f({word}), {word} + 1 AS {word} FROM g({word}, {word}) WHERE {word} > 1 AND {word} IS NOT NULL GROUP BY {word}, f({word})"
    );
    let is = |expr: &Expr| matches!(expr, Expr::Identifier(name) if name.value == word);
    let selected = match parse(&select) {
        Some(Statement::Query(query)) => match *query.body {
            SetExpr::Select(select) => matches!(
                select.projection.as_slice(),
                [
                    SelectItem::UnnamedExpr(column),
                    SelectItem::UnnamedExpr(Expr::Function(_)),
                    SelectItem::ExprWithAlias { expr: Expr::BinaryOp { left, .. }, .. },
                ] if is(column) && is(left)
            ),
            _ => false,
        },
        _ => false,
    };
    declared && selected
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
    use proptest::prelude::*;
    use sqlparser::keywords::ALL_KEYWORDS;

    use super::*;
    use crate::identity::Topic;
    use crate::job::Job;
    use crate::table::TimeUnits;

    const INSTANT: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

    fn types() -> impl Strategy<Value = DataType> {
        prop::sample::select(vec![
            DataType::Boolean,
            DataType::Int8,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::Float32,
            DataType::Float64,
            DataType::Decimal128(12, 2),
            DataType::Utf8,
            DataType::Date32,
            INSTANT,
        ])
    }

    fn names() -> impl Strategy<Value = String> {
        prop_oneof![
            "[a-z_][a-z0-9_]{0,8}",
            "[ -~é☃]{1,12}",
            prop::sample::select(ALL_KEYWORDS).prop_map(str::to_lowercase),
        ]
        .prop_filter("a name that the window has taken", |name| {
            !["window_start", "window_end", "how many"].contains(&name.as_str())
        })
    }

    fn units() -> impl Strategy<Value = TimeUnit> {
        use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
        prop::sample::select(vec![Second, Millisecond, Microsecond, Nanosecond])
    }

    fn tables() -> impl Strategy<Value = Table> {
        let columns = prop::collection::btree_map(names(), (types(), any::<bool>()), 1..6);
        let flags = (
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            0..10_000_000_i64,
        );
        (names(), "[ -~]{1,12}", columns, units(), units(), flags).prop_map(
            |(name, topic, columns, others, own, (csv, keyed, arrives, delay))| {
                let mut fields: Vec<Field> = (columns.into_iter())
                    .map(|(name, (data_type, nullable))| Field::new(name, data_type, nullable))
                    .collect();
                let time = fields.len() / 2;
                fields[time] = fields[time].clone().with_data_type(INSTANT);
                let first = fields[0].name().clone();
                // The option has no quotes: blanks and commas end a name there.
                let spoken = |name: &str| !name.contains([' ', ',']) && !name.is_empty();
                let unit_of = fields[time].name().clone();
                let apart = spoken(&unit_of) && own != others;
                Table {
                    name,
                    topic: Topic::new(topic),
                    schema: Arc::new(Schema::new(fields)),
                    format: if csv { Format::Csv } else { Format::Json },
                    units: TimeUnits {
                        others,
                        columns: if apart {
                            BTreeMap::from([(unit_of, own)])
                        } else {
                            BTreeMap::new()
                        },
                    },
                    event_time: time,
                    partition_by: keyed.then_some(0),
                    arrival: arrives.then_some(first),
                    watermark_delay: delay,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_compiles_to_the_same_table(table in tables()) {
            let time = name(table.schema.field(table.event_time).name());
            let sql = format!(
                "{};\nCREATE VIEW {} AS SELECT {time}, COUNT(*) AS \"how many\" FROM TUMBLE({}, {time}, INTERVAL '1' HOUR) GROUP BY {time}, window_start",
                create_table(&table), name(&format!("{}_view", table.name)), name(&table.name),
            );
            let job = Job::compile("v", &sql).map_err(|error| TestCaseError::fail(format!("{error}\n{sql}")))?;
            prop_assert_eq!(job.tables[0].as_ref(), &table, "{}", sql);
        }
    }

    #[test]
    fn only_names_that_need_quotes_have_them() {
        for plain in [
            "delay",
            "key",
            "name",
            "value",
            "page",
            "visitor_id",
            "origin",
        ] {
            assert_eq!(name(plain), plain);
        }
        for (given, quoted) in [
            ("Delay", "\"Delay\""),
            ("select", "\"select\""),
            ("a b", "\"a b\""),
            ("1st", "\"1st\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
        ] {
            assert_eq!(name(given), quoted);
        }
    }
}
