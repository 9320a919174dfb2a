//! A random view: any window, keys, conditions, measures and options.

use crate::dice::Dice;

/// What expressions are over, besides the event time.
pub const COLUMNS: &str = "k VARCHAR, i INT, s SMALLINT, b BIGINT, x DOUBLE, r REAL, f BOOLEAN, \
                       d DECIMAL(9, 2), day DATE";

const TEXTS: &[&str] = &[
    "k",
    "k",
    "k",
    "lower(k)",
    "k || '!'",
    "coalesce(k, 'none')",
    "CASE WHEN f THEN k END",
    "CASE i % 3 WHEN 0 THEN 'fizz' WHEN 1 THEN k ELSE 'other' END",
];
const INTEGERS: &[&str] = &[
    "i",
    "i",
    "s",
    "b",
    "i + 1",
    "i * 3",
    "i - s",
    "i / s",
    "i % 4",
    "abs(i)",
    "b * 2",
    "length(k)",
    "CASE WHEN i > 3 THEN s ELSE i END",
    "coalesce(i, 0)",
    "nullif(i, 1)",
];
const FLOATS: &[&str] = &["x", "x", "r", "x * 2.5", "x + i", "floor(x)", "x / r"];
const CONDITIONS: &[&str] = &[
    "f",
    "i > 0",
    "NOT f OR i < 3",
    "k <> 'a' OR k IS NULL",
    "i BETWEEN -5 AND 10",
    "k IN ('a', 'b')",
    "k LIKE 'a%'",
    "x IS NOT NULL AND x > 0.5",
    "10 / i > 1",
    "d IS NOT NULL AND i > 1",
    "at < TIMESTAMP '1970-01-01T00:00:30'",
    "day IS NULL OR day > DATE '2001-01-01'",
];
const OTHERS: &[&str] = &["f", "d", "day", "at", "date_trunc('minute', at)", "i > 2"];

/// A job of one table and one view.
pub fn job(dice: &mut Dice) -> String {
    let required = if dice.percent(50) { " NOT NULL" } else { "" };
    let watermark = match dice.percent(50) {
        true => format!(
            ", WATERMARK FOR at AS at - INTERVAL '{}' SECOND",
            dice.between(0, 5)
        ),
        false => String::new(),
    };
    format!(
        "CREATE TABLE events (at TIMESTAMP{required}, {COLUMNS}{watermark}) \
         WITH (event_time = 'at');\n{};",
        view(dice)
    )
}

fn view(dice: &mut Dice) -> String {
    let window = Window::new(dice);
    let rows = dice.percent(15);
    let with = match window {
        Window::All => String::new(),
        _ => options(dice),
    };
    let filter = match dice.percent(50) {
        true => format!(" WHERE {}", condition(dice)),
        false => String::new(),
    };
    if rows {
        return format!(
            "CREATE VIEW v{with} AS SELECT {} FROM {}{filter}",
            columns(dice, &window),
            window.in_from(dice)
        );
    }
    let mut keys: Vec<String> = (0..dice.pick(&[&0, &1, &1, &1, &2, &3]).to_owned())
        .map(|_| value(dice))
        .collect();
    keys.dedup();
    let mut items = vec![];
    for (number, key) in keys.iter().enumerate() {
        if dice.percent(90) {
            items.push(format!("{key} AS key_{number}"));
        }
    }
    for number in 0..dice.between(1, 5) {
        items.push(format!("{} AS m{number}", shown(dice)));
    }
    let in_group_by = dice.percent(25) && !matches!(window, Window::All);
    let mut groups = keys;
    let from = if in_group_by {
        groups.push(window.in_group_by());
        "events".to_owned()
    } else {
        if !matches!(window, Window::All) {
            items.insert(0, "window_start, window_end".to_owned());
            groups.insert(0, "window_start".to_owned());
            groups.insert(1, "window_end".to_owned());
        }
        window.in_from(dice)
    };
    let group_by = match groups.is_empty() {
        true => String::new(),
        false => format!(" GROUP BY {}", groups.join(", ")),
    };
    let items = items.join(", ");
    format!("CREATE VIEW v{with} AS SELECT {items} FROM {from}{filter}{group_by}")
}

/// The SELECT list of a view without aggregates.
fn columns(dice: &mut Dice, window: &Window) -> String {
    if dice.percent(20) {
        return "*".to_owned();
    }
    let mut items: Vec<String> = (0..dice.between(1, 4))
        .map(|number| format!("{} AS c{number}", value(dice)))
        .collect();
    if dice.percent(70) && !matches!(window, Window::All) {
        items.insert(0, "window_start, window_end".to_owned());
    }
    items.join(", ")
}

fn options(dice: &mut Dice) -> String {
    let mut options = vec![];
    if dice.percent(50) {
        options.push(format!(
            "allowed_lateness = '{} seconds'",
            dice.pick(&[&0, &1, &5, &20])
        ));
        if dice.percent(70) {
            let late = dice.pick(&["view", "speed-only"]);
            options.push(format!("late = '{late}'"));
        }
    }
    if dice.percent(30) {
        options.push(format!("retain = '{} seconds'", dice.pick(&[&0, &7, &30])));
    }
    match options.is_empty() {
        true => String::new(),
        false => format!(" WITH ({})", options.join(", ")),
    }
}

fn condition(dice: &mut Dice) -> String {
    let one = dice.pick(CONDITIONS);
    match dice.below(4) {
        0 => format!("({one}) AND ({})", dice.pick(CONDITIONS)),
        1 => format!("({one}) OR ({})", dice.pick(CONDITIONS)),
        _ => one.to_owned(),
    }
}

fn value(dice: &mut Dice) -> String {
    let of = dice.pick(&[TEXTS, TEXTS, INTEGERS, INTEGERS, FLOATS, OTHERS, CONDITIONS]);
    dice.pick(of).to_owned()
}

/// An item of SELECT with an aggregate.
fn shown(dice: &mut Dice) -> String {
    match dice.below(12) {
        0 => format!(
            "{} + COUNT(*)",
            measure(dice, &["COUNT", "COUNT", "SUM"], &[INTEGERS])
        ),
        1 => format!("SUM({}) / COUNT(*)", dice.pick(INTEGERS)),
        2 => {
            let argument = dice.pick(&["s", "b", "x", "i"]);
            format!("MAX({argument}) - MIN({argument})")
        }
        _ => aggregate(dice),
    }
}

const SHARES: &[&str] = &["0", "0.25", "0.5", "0.9", "1"];

fn aggregate(dice: &mut Dice) -> String {
    let call = match dice.below(18) {
        0 => "COUNT(*)".to_owned(),
        1 => format!("COUNT({})", value(dice)),
        2..=3 => measure(dice, &["SUM", "AVG"], NUMBERS),
        4..=5 => measure(dice, &["MIN", "MAX", "MAX"], ANY),
        6..=7 => measure(
            dice,
            &["VAR_POP", "VAR_SAMP", "STDDEV_POP", "STDDEV", "VARIANCE"],
            NUMBERS,
        ),
        8 => measure(dice, &["FIRST_VALUE", "LAST_VALUE", "FIRST", "LAST"], ANY),
        9..=10 => {
            let name = dice.pick(&["ARG_MIN", "ARG_MAX", "MIN_BY", "MAX_BY"]);
            let (value, by) = (pick(dice, ANY), pick(dice, ANY));
            format!("{name}({value}, {by})")
        }
        11 => format!("COUNT(DISTINCT {})", value(dice)),
        12 => measure(dice, &["APPROX_COUNT_DISTINCT", "APPROX_DISTINCT"], ANY),
        13 => format!(
            "{}({}, {})",
            dice.pick(&["APPROX_PERCENTILE", "APPROX_PERCENTILE_CONT"]),
            pick(dice, NUMBERS),
            dice.pick(SHARES)
        ),
        14 => measure(dice, &["MEDIAN"], NUMBERS),
        15 => match dice.percent(50) {
            true => measure(dice, &["ARRAY_AGG"], ANY),
            false => format!("STRING_AGG({}, '; ')", dice.pick(TEXTS)),
        },
        16 => format!("TOP_K({}, {})", pick(dice, ANY), dice.between(1, 4)),
        _ => measure(dice, &["BOOL_AND", "BOOL_OR", "EVERY"], &[CONDITIONS]),
    };
    match dice.percent(20) {
        true => format!("{call} FILTER (WHERE {})", dice.pick(CONDITIONS)),
        false => call,
    }
}

/// Lists of expressions that an aggregate takes.
const NUMBERS: &[&[&str]] = &[INTEGERS, FLOATS, &["d"]];
const ANY: &[&[&str]] = &[INTEGERS, FLOATS, TEXTS, &["f", "d", "day", "at"]];

fn pick(dice: &mut Dice, of: &[&[&'static str]]) -> &'static str {
    let of: &[&'static str] = dice.pick(of);
    of[dice.below(of.len() as u64) as usize]
}

fn measure(dice: &mut Dice, names: &[&str], of: &[&[&'static str]]) -> String {
    let (name, argument) = (dice.pick(names), pick(dice, of));
    format!("{name}({argument})")
}

/// A window with its lengths in SQL.
pub enum Window {
    All,
    Spread { name: &'static str, lengths: String },
    Session { by: String, gap: String },
}

impl Window {
    pub fn new(dice: &mut Dice) -> Self {
        let seconds = |tenths: i64| format!("INTERVAL '{}' MILLISECOND", tenths * 100);
        let offset = |dice: &mut Dice| match dice.percent(40) {
            true => format!(", {}", seconds(dice.between(-40, 40))),
            false => String::new(),
        };
        let size = *dice.pick(&[&10, &50, &70, &100, &300]);
        match dice.below(10) {
            0 => Self::All,
            1..=2 => Self::Spread {
                name: "TUMBLE",
                lengths: format!("{}{}", seconds(size), offset(dice)),
            },
            3..=5 => Self::Spread {
                name: "HOP",
                lengths: {
                    let slide = *dice.pick(&[&10, &20, &30, &50, &70]);
                    let size = size.max(slide);
                    format!("{}, {}{}", seconds(slide), seconds(size), offset(dice))
                },
            },
            6 => Self::Spread {
                name: "CUMULATE",
                lengths: {
                    let step = *dice.pick(&[&10, &25, &50]);
                    let steps = dice.between(1, 5);
                    format!(
                        "{}, {}{}",
                        seconds(step),
                        seconds(step * steps),
                        offset(dice)
                    )
                },
            },
            _ => Self::Session {
                by: dice
                    .pick(&[
                        "",
                        "",
                        " PARTITION BY k",
                        " PARTITION BY (k, i)",
                        " PARTITION BY f",
                    ])
                    .to_owned(),
                gap: seconds(*dice.pick(&[&5, &10, &20, &50])),
            },
        }
    }

    pub fn in_from(&self, dice: &mut Dice) -> String {
        let (name, by, lengths) = match self {
            Self::All => return "events".to_owned(),
            Self::Spread { name, lengths } => (*name, "", lengths),
            Self::Session { by, gap } => ("SESSION", by.as_str(), gap),
        };
        match dice.percent(50) && by.is_empty() {
            true => format!("{name}(events, at, {lengths})"),
            false => format!("TABLE({name}(TABLE events{by}, DESCRIPTOR(at), {lengths}))"),
        }
    }

    fn in_group_by(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Spread { name, lengths } => format!("{name}(at, {lengths})"),
            Self::Session { gap, .. } => format!("SESSION(at, {gap})"),
        }
    }
}
