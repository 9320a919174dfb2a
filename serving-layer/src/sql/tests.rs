//! Questions over tables that are written down here.

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

#[test]
fn equal_rows_come_in_one_order() {
    let page = StringArray::from(vec!["/b", "/a", "/a", "/b", "/c"]);
    let clicks = Int64Array::from(vec![1, 1, 1, 1, 2]);
    let visitor = Int64Array::from(vec![4, 3, 2, 1, 0]);
    let rows = RecordBatch::try_from_iter([
        ("page", Arc::new(page) as _),
        ("clicks", Arc::new(clicks) as _),
        ("visitor", Arc::new(visitor) as ArrayRef),
    ])
    .unwrap();
    let questions = [
        ("SELECT visitor FROM pages", vec![0, 1, 2, 3, 4]),
        ("SELECT visitor FROM pages LIMIT 2", vec![0, 1]),
        (
            "SELECT visitor, page FROM pages ORDER BY page LIMIT 1",
            vec![2],
        ),
        (
            "SELECT visitor FROM pages ORDER BY clicks DESC, page DESC",
            vec![0, 1, 4, 2, 3],
        ),
        (
            "SELECT visitor FROM (SELECT visitor, ROW_NUMBER() OVER (PARTITION BY page ORDER BY clicks) AS n FROM pages) WHERE n = 1",
            vec![0, 1, 2],
        ),
        (
            "SELECT visitor FROM pages QUALIFY ROW_NUMBER() OVER (ORDER BY clicks DESC) = 2",
            vec![2],
        ),
        (
            "SELECT RANK() OVER (ORDER BY clicks) AS r FROM pages ORDER BY r",
            vec![1, 1, 1, 1, 5],
        ),
    ];
    for (question, expected) in questions {
        let tables = [("pages".to_owned(), rows.clone())];
        let answer = sql(&tables, question).unwrap();
        let answer = cast(answer.column(0), &DataType::Int64).unwrap();
        assert_eq!(
            answer.as_primitive::<Int64Type>().values().to_vec(),
            expected,
            "{question}"
        );
    }
}

#[test]
fn a_sum_is_exact_or_an_error() {
    let large = i64::MAX - 1;
    let n = Int64Array::from(vec![large, 1, -5, 7]);
    let page = StringArray::from(vec!["/a", "/a", "/b", "/b"]);
    let rows = RecordBatch::try_from_iter([
        ("page", Arc::new(page) as _),
        ("n", Arc::new(n) as ArrayRef),
    ])
    .unwrap();
    let ask = |question: &str| sql(&[("pages".to_owned(), rows.clone())], question);
    let sums = |question: &str| {
        let answer = ask(question).unwrap();
        assert_eq!(answer.column(0).data_type(), &DataType::Int64, "{question}");
        answer
            .column(0)
            .as_primitive::<Int64Type>()
            .values()
            .to_vec()
    };
    let grouped = "SELECT SUM(n) AS total FROM pages GROUP BY page HAVING SUM(n) > 0 ORDER BY SUM(n) + COUNT(*)";
    assert_eq!(sums("SELECT SUM(n) FROM pages WHERE page = '/b'"), [2]);
    assert_eq!(
        sums("SELECT SUM(CAST(n AS SMALLINT)) FROM pages WHERE page = '/b'"),
        [2]
    );
    assert_eq!(
        sums("SELECT SUM(n) OVER (ORDER BY n) FROM pages WHERE n < 10"),
        [-5, -4, 3]
    );
    assert_eq!(
        sums("SELECT n FROM pages WHERE n > (SELECT SUM(n) FROM pages WHERE page = '/b')"),
        [7, large]
    );
    for question in [
        "SELECT SUM(n) FROM pages WHERE n > 0",
        "SELECT SUM(n) OVER (ORDER BY n DESC) FROM pages WHERE n > 0",
    ] {
        let message = ask(question).unwrap_err().to_string();
        assert!(message.contains("9223372036854775"), "{message}");
    }
    assert!(ask(grouped).is_ok());
}
