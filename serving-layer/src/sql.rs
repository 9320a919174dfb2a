//! Questions in SQL over the answers of views.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::ServingError;
use crate::mistake::mistake;

/// Answers `question`, in which each of `tables` can be named.
///
/// # Errors
/// The question does not parse, names what is not there, or fails while it is computed.
pub fn sql(tables: &[(String, RecordBatch)], question: &str) -> Result<RecordBatch, ServingError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let mut config = SessionConfig::new().with_information_schema(true);
        config.options_mut().sql_parser.collect_spans = true;
        let context = SessionContext::new_with_config(config);
        for (name, rows) in tables {
            let table = MemTable::try_new(rows.schema(), vec![vec![rows.clone()]])?;
            context.register_table(name.as_str(), Arc::new(table))?;
        }
        let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        let wrong = |error| ServingError::Sql(mistake(question, &names, &error));
        let answer = context.sql(question).await.map_err(wrong)?;
        let schema = Arc::new(answer.schema().as_arrow().clone());
        let chunks = answer.collect().await?;
        let schema = chunks.first().map_or(schema, RecordBatch::schema);
        Ok(concat_batches(&schema, &chunks)?)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn pages() -> Vec<(String, RecordBatch)> {
        let page = StringArray::from(vec!["/a", "/b", "/a"]);
        let clicks = Int64Array::from(vec![1, 2, 3]);
        let rows = RecordBatch::try_from_iter([
            ("page", Arc::new(page) as _),
            ("clicks", Arc::new(clicks) as _),
        ]);
        vec![("pages".into(), rows.unwrap())]
    }

    #[test]
    fn a_view_is_a_table() {
        let question = "SELECT page, SUM(clicks) AS n FROM pages GROUP BY page ORDER BY page";
        let answer = sql(&pages(), question).unwrap();
        let n = answer.column(1).as_primitive::<Int64Type>();
        assert_eq!(n.values(), &[4, 2]);
    }

    #[test]
    fn a_wrong_question_is_one_line_that_says_where() {
        let message = sql(&pages(), "SELECT clicks FROM page")
            .unwrap_err()
            .to_string();
        assert!(
            message.contains("page") && !message.contains('\n'),
            "{message}"
        );
    }
}
