//! The pages in a browser: they draw, their knobs work, they ask no host for anything.
//!
//! Run by `cargo test --test page -- --ignored`, for it needs Chromium. What was seen is kept below
//! `target/pages`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/chromium.rs"]
mod chromium;
#[path = "support/seam.rs"]
mod seam;

use std::fs;
use std::path::PathBuf;

use chromium::{Chromium, Seen};
use serde_json::Value;

/// A phone and a desk.
const WIDTHS: [(&str, u32, u32); 2] = [("phone", 390, 844), ("desk", 1280, 900)];

/// Where what was seen is kept.
fn kept() -> PathBuf {
    let folder = seam::root().join("target/pages");
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn path(name: &str) -> String {
    kept().join(name).to_str().unwrap().to_owned()
}

/// Opens a page at both widths in light and dark, turns every knob to its end, and looks.
fn look(name: &str) {
    let page = path(&format!("{name}.html"));
    let bytes = fs::metadata(&page).unwrap().len();
    assert!(bytes < 8_000_000, "{page} has {bytes} bytes");
    let Some(mut browser) = Chromium::start() else {
        return;
    };
    for (width, across, down) in WIDTHS {
        for dark in [false, true] {
            let theme = if dark { "dark" } else { "light" };
            let Seen { complaints, asked } = browser.open(&page, across, down, dark);
            assert_eq!(
                complaints,
                Vec::<String>::new(),
                "{name} at {width}, {theme}"
            );
            assert_eq!(asked, Vec::<String>::new(), "{name} at {width} asks a host");
            for section in sections(&mut browser) {
                let shot = browser.shot(&format!("document.getElementById('{section}').querySelector('figure, table').getBoundingClientRect().top - 60"));
                fs::write(path(&format!("{name}-{section}-{width}-{theme}.png")), shot).unwrap();
            }
        }
        // Nothing is wider than the screen, but what scrolls by itself.
        let over = browser
            .value("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        assert_eq!(
            over,
            Value::from(0),
            "{name} at {width} is wider than its screen"
        );
        let twice = browser.value("(() => { const ids = [...document.querySelectorAll('[id]')].map((element) => element.id); return ids.length - new Set(ids).size; })()");
        assert_eq!(
            twice,
            Value::from(0),
            "names that are there twice in {name}"
        );
        let drawn = browser.value("[...document.querySelectorAll('.plot')].filter((plot) => plot.querySelector('.main-svg') === null).length");
        assert_eq!(
            drawn,
            Value::from(0),
            "figures of {name} that are not drawn"
        );
        let turned = browser.value(TURN);
        let knobs = turned["knobs"].as_u64().unwrap();
        assert!(knobs > 0, "{turned}");
        assert_eq!(turned["moved"].as_u64().unwrap(), knobs, "{turned}");
        let Seen { complaints, asked } = browser.seen();
        assert_eq!(
            (complaints, asked),
            (vec![], vec![]),
            "{name} at {width}, knobs turned"
        );
    }
    browser.end();
}

fn sections(browser: &mut Chromium) -> Vec<String> {
    let ids =
        browser.value("[...document.querySelectorAll('section')].map((section) => section.id)");
    serde_json::from_value(ids).unwrap()
}

/// Turns each knob from its first to its last position: the sentence or the picture must be another.
const TURN: &str = "
(() => {
  const state = (figure) => figure.querySelector('.says').textContent + JSON.stringify(figure.querySelector('.plot').data.map((trace) => [trace.x, trace.y]));
  const result = { knobs: 0, moved: 0, stuck: [] };
  for (const figure of document.querySelectorAll('figure')) {
    for (const knob of figure.querySelectorAll('select, input')) {
      const last = knob.tagName === 'SELECT' ? knob.options.length - 1 : Number(knob.max);
      if (last < 1) continue;
      const turn = (to) => { knob.value = String(to); knob.dispatchEvent(new Event('input')); return state(figure); };
      result.knobs += 1;
      const seen = new Set();
      for (let position = 0; position <= last; position += 1) seen.add(turn(position));
      if (seen.size > 1) result.moved += 1; else result.stuck.push(knob.id);
    }
  }
  return result;
})()";

#[test]
#[ignore = "needs Chromium"]
fn a_comparison_is_a_page() {
    seam::ok(&[
        "compare",
        "views/delay_by_airport.sql",
        "--input",
        "data/flights-week.parquet",
        "--seam-at",
        "2001-01-05T09:00:00Z",
        "--batch-takes",
        "90m",
        "--report",
        &path("flights.html"),
    ]);
    look("flights");
}

#[test]
#[ignore = "needs Chromium"]
fn a_schedule_is_a_page() {
    seam::ok(&[
        "compare",
        "views/clicks_by_page.sql",
        "--schedule",
        "rate 5/s for 10m, late 5% by 30s..3m, batch every 3m takes 90s fails 2, crash fold at 5m, seed 7",
        "--report",
        &path("schedule.html"),
    ]);
    look("schedule");
}

#[test]
#[ignore = "needs Chromium"]
fn the_lab_is_a_page() {
    seam::ok(&["pains", "all", "--report", &path("lab.html")]);
    look("lab");
}
