//! Every column of an attribution turns red when it should: a bug is planted in each step of the
//! computation, and each seam error is made once. `docs/planted-bugs.md` shows what was seen;
//! `REWRITE=1` writes it anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "planted_bugs/altered.rs"]
mod altered;
#[path = "random_schedules/dropping.rs"]
mod dropping;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Int64Type;
use comparison::attribution::{Attribution, Cause};
use comparison::judge::{Judge, Verdict};
use comparison::lambda::{Options, lambda};
use comparison::rule::Rule;
use comparison::run::{Logs, Served};
use comparison::scene::{ORIGIN, Scene};
use comparison::seam::Seam;
use event_log::EventLog;
use shared_logic::answer::answer;
use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::job::Job;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use altered::Altered;
use dropping::Dropping;

const TABLE: &str = "CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT) \
     WITH (event_time = 'at', partition_by = 'name');\n";

/// The view with parts of it as one half has them.
fn sql(total: &str, filter: &str) -> String {
    format!(
        "{TABLE}CREATE VIEW totals AS SELECT name, window_start, window_end, \
         COUNT(*) AS n, SUM({total}) AS total, MAX(value) AS most, COUNT(DISTINCT value) AS different \
         FROM TUMBLE(events, at, INTERVAL '10' SECOND) WHERE {filter} \
         GROUP BY name, window_start, window_end"
    )
}

fn compiled(sql: &str) -> Arc<View> {
    Arc::clone(Job::compile("planted", sql).unwrap().views.last().unwrap())
}

/// A schedule whose batch begins in the middle of a window, with three events at that instant.
struct Bench {
    view: Arc<View>,
    scene: Scene,
    seam: Seam,
}

impl Bench {
    fn new(sql: &str, late: &str) -> Self {
        let view = compiled(sql);
        let text = format!("rate 8/s for 60s, {late}boundary 3 at 25s, keys 4, values 200, seed 5");
        let scene = Scene::new(&view, sql, &text.parse().unwrap()).unwrap();
        let at = Duration::from_secs(25);
        let cut = scene.clock.offsets(at);
        let seam = Seam {
            origin: Default::default(),
            landing: cut.clone(),
            cut,
            end: scene.log.end().unwrap(),
            boundary: EventTime(ORIGIN.0 + 25_000_000),
            interval: Duration::from_secs(10),
        };
        Self { view, scene, seam }
    }

    fn lambda(&self, log: &dyn EventLog, rule: &str) -> Served {
        let rule: Rule = rule.parse().unwrap();
        lambda(
            &self.view,
            Logs::one(log),
            rule,
            &self.seam,
            &Options::default(),
        )
        .unwrap()
        .served
    }

    fn judged(&self, served: &Served) -> (Verdict, Attribution) {
        let mut judge = Judge::new(&self.view, &self.scene.rows, &self.scene.truth);
        let verdict = judge.judge(served, &self.seam.end).unwrap();
        (verdict, judge.attribute(served, &self.seam.end).unwrap())
    }

    /// The fold of the batch half by `batch`, and that of the speed half by `speed`.
    fn folds(&self, batch: &Arc<View>, speed: &Arc<View>) -> [Partial; 2] {
        let (log, origin) = (&self.scene.log, OffsetVector::default());
        let pieces = batch_layer::read::plan(&origin, &self.seam.cut, 1);
        let below = batch_layer::fold::fold(batch, log, &pieces, &Default::default());
        let below = below.unwrap().whole(batch).unwrap();
        let pieces = speed_layer::read::plan(&self.seam.cut, &self.seam.end, None, u64::MAX);
        let reached: &Coverage = &below.coverage;
        let above = speed_layer::fold::fold(speed, log, &pieces, reached, &Default::default());
        let above = merge(speed, &above.unwrap()).unwrap();
        [below, above]
    }

    /// What is served of two folds that were merged.
    fn merged(&self, folds: &[Partial]) -> Served {
        let halves = Rule::OFFSET.halves(&self.seam);
        Served::of(&self.view, &merge(&self.view, folds).unwrap(), halves).unwrap()
    }

    /// What is served if the newer of two rows of a group takes the place of the older.
    fn overwritten(&self) -> Served {
        let [below, above] = self.folds(&self.view, &self.view);
        let [old, new] = [below, above].map(|fold| answer(&self.view, &fold).unwrap());
        let key = |rows: &RecordBatch, row: usize| {
            let start = rows
                .column(1)
                .as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
            (
                rows.column(0).as_string::<i32>().value(row).to_owned(),
                start.value(row),
            )
        };
        let newer: Vec<_> = (0..new.num_rows()).map(|row| key(&new, row)).collect();
        let kept = (0..old.num_rows()).map(|row| Some(!newer.contains(&key(&old, row))));
        let kept = filter_record_batch(&old, &BooleanArray::from_iter(kept)).unwrap();
        let rows = concat_batches(&new.schema(), [&kept, &new]).unwrap();
        let counts = rows.column(3).as_primitive::<Int64Type>();
        Served {
            counted: counts.values().iter().sum::<i64>() as u64,
            rejected: 0,
            halves: Rule::OFFSET.halves(&self.seam),
            rows,
        }
    }
}

/// What an attribution shows: groups changed by each cause, and whether the count of events is
/// explained.
fn row(step: &str, planted: &str, (verdict, attribution): &(Verdict, Attribution)) -> String {
    assert!(attribution.adds_up(), "{planted}");
    let counts = attribution
        .changed
        .map(|count| count.to_string())
        .join(" | ");
    let books = match verdict.books.balance() {
        true => "holds",
        false => "**does not hold**",
    };
    format!("| {step} | {planted} | {counts} | {books} |\n")
}

#[test]
fn each_bug_turns_its_own_column_red() {
    let plain = sql("value", "value < 150");
    let bench = Bench::new(&plain, "");
    let late = Bench::new(&plain, "late 20% by 5s..20s, ");
    let sketch = Bench::new(
        &plain.replace("COUNT(DISTINCT value)", "APPROX_DISTINCT(value)"),
        "",
    );
    let log = &bench.scene.log;
    let causes = Cause::ORDER.map(|cause| cause.to_string()).join(" | ");
    let mut table = format!(
        "| step | what was done wrong | {causes} | counted = truth + double − missing − late |\n|---|---|--:|--:|--:|--:|--:|---|\n"
    );
    let (mut planted_all, mut caught) = (0, 0);
    let mut plant =
        |bench: &Bench, step: &str, planted: &str, served: Served, red: &[Cause], counts: bool| {
            let judged = bench.judged(&served);
            let changed = Cause::ORDER.iter().zip(judged.1.changed);
            let found: Vec<Cause> = changed
                .filter(|(_, count)| *count > 0)
                .map(|(cause, _)| *cause)
                .collect();
            assert_eq!(found, red, "{planted}");
            assert_eq!(judged.0.books.balance(), counts, "{planted}");
            table += &row(step, planted, &judged);
            planted_all += usize::from(step != "none");
            caught += usize::from(!found.is_empty() || !judged.0.books.balance());
        };
    use Cause::{Approximation, Double, Drift, Late, Missing};
    let offset = |log: &dyn EventLog| bench.lambda(log, "offset");

    plant(&bench, "none", "nothing", offset(log), &[], true);
    plant(
        &late,
        "the rule",
        "`event-time </>=`, and a fifth of the events comes late",
        late.lambda(&late.scene.log, "event-time </>="),
        &[Late],
        true,
    );
    plant(
        &bench,
        "the rule",
        "`event-time </>`",
        bench.lambda(log, "event-time </>"),
        &[Missing],
        true,
    );
    plant(
        &bench,
        "the rule",
        "`event-time <=/>=`",
        bench.lambda(log, "event-time <=/>="),
        &[Double],
        true,
    );
    plant(
        &sketch,
        "the measure",
        "APPROX_DISTINCT instead of COUNT(DISTINCT)",
        sketch.lambda(&sketch.scene.log, "offset"),
        &[Approximation],
        true,
    );

    let digit = Altered(log, |text| text.replace("\"value\":34", "\"value\":43"));
    plant(
        &bench,
        "decode",
        "two digits of a number change places",
        offset(&digit),
        &[Drift],
        true,
    );
    let mut admitted = bench.lambda(log, "event-time <=/>=");
    admitted.halves = "event-time <=/>"
        .parse::<Rule>()
        .unwrap()
        .halves(&bench.seam);
    plant(
        &bench,
        "admission",
        "the speed half takes `>=` where its rule says `>`",
        admitted,
        &[Drift],
        false,
    );
    let early = Altered(log, |text| text.replace("T00:00:30.", "T00:00:29."));
    plant(
        &bench,
        "window",
        "the first second of a window goes to the one before",
        offset(&early),
        &[Drift],
        true,
    );
    plant(
        &bench,
        "fold",
        "every tenth row is dropped",
        offset(&Dropping(log)),
        &[Drift],
        false,
    );
    plant(
        &bench,
        "merge",
        "the newer row of a group takes the place of the older",
        bench.overwritten(),
        &[Drift],
        false,
    );
    let halved = compiled(&sql("value / 2 * 2", "value < 150"));
    let batch = bench.merged(&bench.folds(&halved, &bench.view));
    plant(
        &bench,
        "batch logic",
        "the batch half halves integers",
        batch,
        &[Drift],
        true,
    );
    let upto = compiled(&sql("value", "value < 140"));
    let speed = bench.merged(&bench.folds(&bench.view, &upto));
    plant(
        &bench,
        "speed logic",
        "the speed half filters at another number",
        speed,
        &[Drift],
        false,
    );

    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/planted-bugs.md");
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let before = page.split("| step |").next().unwrap_or_default();
    let written = format!("{before}{table}\nCaught: {caught} of {planted_all}.\n");
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(path, &written).unwrap();
        return;
    }
    assert_eq!(
        page, written,
        "docs/planted-bugs.md is not what was seen: REWRITE=1 writes it anew"
    );
}
