//! Every spelling of an aggregate, and what is maintained for it.

use super::*;

/// What is maintained for one aggregate: the call as explained, its algebra and its columns.
fn maintained(call: &str) -> String {
    let view = compile(&windowed(&format!("{call} AS x"), ""));
    let text = view.explain();
    let line = text.lines().find(|line| line.contains("  measure"));
    line.unwrap().replace("measure", "").trim().to_owned()
}

#[test]
fn aggregates_say_their_algebra_and_their_state() {
    let moment = "at TIMESTAMP, partition UInt32, offset UInt64";
    let moments = "at TIMESTAMP ARRAY, partition UInt32 ARRAY, offset UInt64 ARRAY";
    let said = |call: &str, expected: &str| assert_eq!(maintained(call), expected);
    said("COUNT(*)", "COUNT(*): exact, the events of the group");
    said(
        "VAR_POP(delay)",
        "VAR_POP(delay): exact, count UInt64, sum DECIMAL(38, 0), squares Decimal256(76, 0)",
    );
    said(
        "STDDEV(delay * 0.5)",
        "STDDEV_SAMP(delay * 0.5): bounded, count UInt64, mean DOUBLE, differences DOUBLE",
    );
    said(
        "FIRST_VALUE(origin)",
        &format!("FIRST_VALUE(origin): exact, value VARCHAR, {moment}"),
    );
    said(
        "ARG_MAX(origin, delay)",
        &format!("ARG_MAX(origin, delay): exact, value VARCHAR, by INT, {moment}"),
    );
    said(
        "COUNT(DISTINCT origin)",
        "COUNT(DISTINCT origin): exact, values VARCHAR ARRAY",
    );
    said(
        "APPROX_COUNT_DISTINCT(origin)",
        "APPROX_COUNT_DISTINCT(origin): canonical, sketch LargeBinary",
    );
    said(
        "APPROX_PERCENTILE(delay, 0.90)",
        "APPROX_PERCENTILE(delay, 0.9): canonical, buckets INT ARRAY, counts UInt64 ARRAY",
    );
    said("MEDIAN(delay)", "MEDIAN(delay): exact, values INT ARRAY");
    said(
        "STRING_AGG(origin, ' ')",
        &format!("STRING_AGG(origin, ' '): exact, values VARCHAR ARRAY, {moments}"),
    );
    said(
        "TOP_K(delay, 3)",
        "TOP_K(delay, 3): exact, values INT ARRAY",
    );
    said(
        "EVERY(delay > 0)",
        "BOOL_AND(delay > 0): exact, all BOOLEAN",
    );
    said(
        "SUM(delay) FILTER (WHERE delay > 0)",
        "SUM(CASE WHEN delay > 0 THEN delay END): exact, sum DECIMAL(38, 0)",
    );
}

#[test]
fn spellings_of_one_aggregate_are_one_measure() {
    for same in [
        &[
            "FIRST_VALUE(delay)",
            "first(delay)",
            "ANY_VALUE(delay)",
            "FIRST_VALUE(delay) IGNORE NULLS",
        ][..],
        &["LAST_VALUE(delay)", "LAST(delay)"],
        &[
            "ARG_MIN(origin, delay)",
            "MIN_BY(origin, delay)",
            "argmin(origin, delay)",
        ],
        &["ARG_MAX(origin, delay)", "MAX_BY(origin, delay)"],
        &["VAR_SAMP(delay)", "VARIANCE(delay)", "var(delay)"],
        &["STDDEV_SAMP(delay)", "STDDEV(delay)"],
        &["AVG(delay)", "MEAN(delay)", "AVG(ALL delay)"],
        &["APPROX_COUNT_DISTINCT(origin)", "APPROX_DISTINCT(origin)"],
        &[
            "APPROX_PERCENTILE(delay, 0.5)",
            "APPROX_PERCENTILE_CONT(delay, 0.5)",
            "APPROX_QUANTILE(delay, .50)",
            "APPROX_PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY delay)",
            "APPROX_MEDIAN(delay)",
        ],
        &[
            "STRING_AGG(origin, ',')",
            "LISTAGG(origin)",
            "LISTAGG(origin, ',')",
        ],
        &["ARRAY_AGG(delay)", "LIST(delay)"],
        &["BOOL_AND(delay > 0)", "EVERY(delay > 0)"],
        &["MIN(delay)", "MIN(DISTINCT delay)"],
        &["COUNT(*)", "COUNT(1)", "COUNT(ALL 1)"],
        &[
            "COUNT(*) FILTER (WHERE delay > 0)",
            "COUNT(1) FILTER (WHERE delay > 0)",
            "COUNT(CASE WHEN delay > 0 THEN 1 END)",
        ],
        &[
            "MAX(delay) FILTER (WHERE delay > 0)",
            "MAX(CASE WHEN delay > 0 THEN delay END)",
        ],
    ] {
        let fingerprints: Vec<_> = same
            .iter()
            .map(|call| {
                compile(&windowed(&format!("{call} AS x"), ""))
                    .fingerprint
                    .clone()
            })
            .collect();
        assert!(
            fingerprints.windows(2).all(|pair| pair[0] == pair[1]),
            "{same:?}"
        );
    }
}

#[test]
fn constants_tell_measures_apart() {
    let view = compile(&windowed(
        "TOP_K(delay, 3) AS a, TOP_K(delay, 4) AS b, APPROX_PERCENTILE(delay, 0.5) AS c,
         APPROX_PERCENTILE(delay, 0.9) AS d, LISTAGG(origin) AS e, LISTAGG(origin, ' ') AS f",
        "",
    ));
    assert_eq!(view.measures.len(), 6);
}

#[test]
fn aggregates_are_shown_in_their_types() {
    let view = compile(&windowed(
        "COUNT(DISTINCT origin) + 1 AS a, FIRST_VALUE(scheduled) AS b, ARRAY_AGG(origin) AS c,
         MEDIAN(delay) / 2 AS d, TOP_K(delay, 2) AS e, NOT BOOL_OR(delay > 1) AS f,
         ARG_MAX(origin, delay) AS g",
        "",
    ));
    let shown: Vec<String> = (view.schema.fields().iter())
        .map(|field| crate::table::type_name(field.data_type()))
        .collect();
    assert_eq!(
        shown,
        [
            "BIGINT",
            "TIMESTAMP",
            "VARCHAR ARRAY",
            "DOUBLE",
            "INT ARRAY",
            "BOOLEAN",
            "VARCHAR"
        ]
    );
}

#[test]
fn the_fingerprints_of_measures_stay_as_they_were_published() {
    for (call, expected) in [
        ("STDDEV_POP(delay)", "f43b87f69a407be6040509eb0ed8d459"),
        ("FIRST_VALUE(delay)", "73042938273b6b20681263dc1f102121"),
        ("ARG_MIN(origin, delay)", "942edf385914ce8612709f37434f3e63"),
        ("COUNT(DISTINCT delay)", "943992c02f8b4b95a296c97543cce28d"),
        (
            "APPROX_COUNT_DISTINCT(delay)",
            "be8780b56c836a1637b21c2f1cc81dca",
        ),
        (
            "APPROX_PERCENTILE(delay, 0.9)",
            "b5068750b7e3e24f806d645a00535168",
        ),
        ("MEDIAN(delay)", "a36581c1e2ee78f0c1256f0bcbcffa3f"),
        ("ARRAY_AGG(delay)", "91fe5fb52a01fe2778fec5e274c2d186"),
        (
            "STRING_AGG(origin, ''' ')",
            "85a723a048bb5db16e8bd0781cfedadd",
        ),
        ("TOP_K(delay, 3)", "e0a920f7fe7becd1b7a6726a3f2746a5"),
        ("BOOL_OR(delay > 1)", "09cdced45a9cfa7481a8744c5e3124ce"),
    ] {
        let view = compile(&windowed(&format!("{call} AS x"), ""));
        assert_eq!(view.fingerprint.0, expected, "{call}");
    }
}
