//! How much code one layer has and the other has not, counted when this was compiled.

use super::page::Sheet;

/// The files of a folder that are compiled in.
type Files = [(&'static str, &'static str)];

macro_rules! files {
    ($folder:literal: $($file:literal),*) => {
        &[$(($file, include_str!(concat!("../../../", $folder, "/src/", $file)))),*]
    };
}

/// The batch layer.
pub(super) const BATCH: &Files = files!("batch-layer": "commit.rs", "engine.rs", "engine/aggregate.rs", "engine/lower.rs", "engine/polars.rs", "engine/rows.rs", "error.rs", "fold.rs", "lib.rs", "reach.rs", "read.rs", "spill.rs");
/// The speed layer.
pub(super) const SPEED: &Files = files!("speed-layer": "clock.rs", "commit.rs", "compaction.rs", "downstream.rs", "error.rs", "fold.rs", "lane.rs", "lib.rs", "live.rs", "live/checkpoint.rs", "live/group.rs", "live/offsets.rs", "read.rs", "sealing.rs", "shift.rs", "sink.rs", "sink/difference.rs", "sink/emit.rs", "sink/error.rs", "sink/parts.rs", "sink/shelf.rs", "sink/thread.rs", "sink/touched.rs", "watch.rs");

/// Lines that are neither empty nor comments, above the tests of a file.
pub(super) fn lines(files: &Files) -> usize {
    let code = |text: &str| {
        let lines = text.lines().map(str::trim);
        let shown = lines.take_while(|line| *line != "#[cfg(test)]");
        shown
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    };
    files.iter().map(|(_, text)| code(text)).sum()
}

/// What belongs to one layer alone.
pub(super) fn sheet(command: &str) -> Sheet {
    let (batch, speed) = (lines(BATCH), lines(SPEED));
    let engine = BATCH.iter().filter(|(name, _)| name.starts_with("engine"));
    let engine = lines(&engine.copied().collect::<Vec<_>>());
    let row = |cells: [&str; 3]| cells.map(String::from).to_vec();
    Sheet {
        title: "Lines of layer-specific code".into(),
        caption: "Lines without blank ones, comments and tests, counted when seam was compiled. Decoding, expressions, windows, measures, merging and the answer are one code for both, so a view's own logic is written once.".into(),
        command: command.into(),
        header: row(["", "lambda", "kappa"]),
        rows: vec![
            row(["batch-layer: the fold", &(batch - engine).to_string(), "0"]),
            row(["batch-layer: its second engine, Polars", &engine.to_string(), "0"]),
            row(["speed-layer, with its sink and its group", &speed.to_string(), &speed.to_string()]),
            row(["of a view, written twice", "0", "0"]),
        ],
        words: false,
    }
}
