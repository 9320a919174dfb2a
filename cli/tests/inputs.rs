//! The same events in every form of input print the same rows, whoever computes them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{fails, ok};

const VIEW: &str = "views/clicks_by_page.sql";

#[test]
fn avro_prints_the_rows_of_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let rows = |input: &str, view: &str, how: &str| {
        ok(&[
            "run", view, "--input", input, "--as", how, "--format", "csv",
        ])
    };
    let (parquet, avro) = (path("clicks.parquet"), path("clicks.avro"));
    for to in [&parquet, &avro] {
        ok(&[
            "generate", "clicks", "--events", "6000", "--seed", "3", "--to", to,
        ]);
    }
    let expected = rows(&parquet, VIEW, "batch");
    for how in ["batch", "speed", "lambda", "truth"] {
        assert_eq!(rows(&avro, VIEW, how), expected, "{how}");
    }

    // The table in Avro, its schema in a file beside the view.
    let view = fs::read_to_string(seam::root().join(VIEW)).unwrap();
    let fields = ["clicked", "arrival"].map(|name| {
        format!(
            r#"{{"name": "{name}", "type": {{"type": "long", "logicalType": "timestamp-micros"}}}}"#
        )
    });
    let schema = format!(
        r#"{{"type": "record", "name": "click", "fields": [
            {}, {{"name": "page", "type": "string"}}, {{"name": "visitor", "type": "long"}}, {}
        ]}}"#,
        fields[0], fields[1]
    );
    fs::write(path("clicks.avsc"), schema).unwrap();
    let options = "format = 'avro', schema = 'clicks.avsc'";
    let in_avro = view.replace("format = 'json'", options);
    assert_ne!(in_avro, view);
    fs::write(path("view.sql"), in_avro).unwrap();
    for how in ["batch", "speed", "truth"] {
        assert_eq!(rows(&avro, &path("view.sql"), how), expected, "{how}");
    }

    // A store keeps the schema with the view: it is asked without any file.
    let store = path("store");
    let (view, view_sql) = (path("view.sql"), "SELECT COUNT(*) AS n FROM clicks_by_page");
    ok(&["archive", &view, "--input", &avro, "--store", &store]);
    ok(&["batch", &view, "--store", &store]);
    fs::remove_file(path("clicks.avsc")).unwrap();
    let counted = ok(&["query", view_sql, "--store", &store, "--format", "csv"]);
    assert_eq!(
        counted.lines().last().unwrap(),
        (expected.lines().count() - 1).to_string()
    );

    let (code, line) = fails(&["explain", &view]);
    assert_eq!((code, line.lines().count()), (2, 4));
    assert!(line.contains("view.sql:"), "{line}");
    assert!(
        line.contains("cannot read clicks.avsc: No such file"),
        "{line}"
    );
}

#[test]
fn a_ragged_line_of_csv_is_rejected_alone_from_file_and_archive() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let view = fs::read_to_string(seam::root().join(VIEW)).unwrap();
    let options = "format = 'csv', time_unit = 'us, clicked s'";
    let view = view.replace("format = 'json'", options);
    fs::write(path("view.sql"), view).unwrap();
    let lines = [
        "page,clicked,visitor,arrival",
        "a,1.5,1,1500000",
        "b,2,2",
        "\"\",3,3,2000000",
        "c\",4,4,2500000",
        ",5,5,3000000",
    ];
    fs::write(path("clicks.csv"), lines.join("\n")).unwrap();
    let (view, csv, store) = (path("view.sql"), path("clicks.csv"), path("store"));
    for how in ["batch", "speed", "lambda", "kappa", "truth"] {
        let args = [
            "run", &view, "--input", &csv, "--as", how, "--format", "csv",
        ];
        let rows = ok(&args);
        // NULL and the empty text are two groups, which CSV prints alike.
        let window = "1970-01-01T00:00:00Z,1970-01-01T00:00:15Z,1";
        let expected: Vec<String> = ["", "", "a"].map(|page| format!("{page},{window}")).into();
        assert_eq!(rows.lines().skip(1).collect::<Vec<_>>(), expected, "{how}");
    }
    let one = ["--partitions", "1", "--format", "json"];
    let from_file = ok(&[["rejects", &view, "--input", &csv].as_slice(), &one].concat());
    assert!(
        from_file.contains("expected 4 fields as in the header, found 3"),
        "{from_file}"
    );
    ok(&[
        "archive",
        &view,
        "--input",
        &csv,
        "--partitions",
        "1",
        "--store",
        &store,
    ]);
    let archived = ok(&["rejects", &view, "--store", &store, "--format", "json"]);
    for listed in [from_file, archived] {
        let offsets: Vec<bool> = listed
            .lines()
            .zip([1, 3])
            .map(|(line, offset)| line.contains(&format!("\"offset\":{offset}")))
            .collect();
        assert_eq!(offsets, [true, true], "{listed}");
        assert_eq!(listed.lines().count(), 2, "{listed}");
    }
}
