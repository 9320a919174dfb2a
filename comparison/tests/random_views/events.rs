//! Random events: out of order, NULL, extreme, malformed, most of one key.

use crate::dice::Dice;

/// A record on its way into a partition.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub partition: u32,
    /// How many offsets before it no record has.
    pub gap: u64,
    /// JSON, or what should be.
    pub text: String,
}

/// Up to 120 events in the order of arrival, over up to four partitions, some of them empty.
pub fn events(dice: &mut Dice) -> (u32, Vec<Event>) {
    let partitions = dice.between(1, 4) as u32;
    let used = dice.between(1, i64::from(partitions)) as u64;
    let count = match dice.percent(10) {
        true => dice.below(4),
        false => dice.below(120),
    };
    let extreme = dice.percent(15);
    let gaps = dice.percent(30);
    let hot = dice.between(20, 95) as u64;
    let step = *dice.pick(&[&300, &1000, &4000]);
    let mut now = dice.between(-90, 10) * 1000;
    let events = (0..count)
        .map(|_| {
            now += dice.between(0, step);
            let behind = match dice.percent(30) {
                true => dice.between(0, 30_000),
                false => 0,
            };
            // On a grid, so that ties and events at bounds are common.
            let at = (now - behind).div_euclid(500) * 500;
            Event {
                partition: dice.below(used) as u32,
                gap: if gaps && dice.percent(5) {
                    dice.below(3)
                } else {
                    0
                },
                text: record(dice, at, hot, extreme),
            }
        })
        .collect();
    (partitions, events)
}

fn record(dice: &mut Dice, at: i64, hot: u64, extreme: bool) -> String {
    if dice.percent(2) {
        return dice
            .pick(&[
                "not json",
                "[]",
                "{\"at\": 1",
                "{\"at\": 1} trailing",
                "null",
            ])
            .to_owned();
    }
    let mut fields = vec![];
    if !dice.percent(2) {
        fields.push(format!("\"at\": {}", time(dice, at, extreme)));
    }
    for name in ["k", "i", "s", "b", "x", "r", "f", "d", "day"] {
        match dice.below(20) {
            0 => {}
            1 => fields.push(format!("\"{name}\": null")),
            _ if dice.percent(1) => fields.push(format!("\"{name}\": [1]")),
            _ => fields.push(format!("\"{name}\": {}", field(dice, name, hot, extreme))),
        }
    }
    format!("{{{}}}", fields.join(", "))
}

fn time(dice: &mut Dice, at: i64, extreme: bool) -> String {
    if extreme && dice.percent(4) {
        let end = i64::MAX / 1000;
        return dice
            .pick(&[
                &end,
                &-end,
                &(end - 4000),
                &(4000 - end),
                &(end - 20_000),
                &(20_000 - end),
            ])
            .to_string();
    }
    match dice.below(40) {
        0 => "null".to_owned(),
        1 => "\"soon\"".to_owned(),
        2 => format!("{at}.125"),
        3..=5 => {
            let (days, rest) = (at.div_euclid(86_400_000), at.rem_euclid(86_400_000));
            let day = if days < 0 { "1969-12-31" } else { "1970-01-01" };
            let (minutes, millis) = (rest / 60_000, rest % 60_000);
            format!(
                "\"{day}T{:02}:{:02}:{:02}.{:03}Z\"",
                minutes / 60,
                minutes % 60,
                millis / 1000,
                millis % 1000
            )
        }
        _ => at.to_string(),
    }
}

fn field(dice: &mut Dice, name: &str, hot: u64, extreme: bool) -> String {
    let extreme = extreme && dice.percent(5);
    match name {
        "k" if dice.percent(hot) => "\"a\"".to_owned(),
        "k" => dice
            .pick(&[
                "\"b\"",
                "\"A\"",
                "\"\"",
                "\"a long key, \\\"quoted\\\"\"",
                "\"é\"",
                "7",
            ])
            .to_owned(),
        "i" if extreme => dice.pick(&[&i32::MAX, &i32::MIN]).to_string(),
        "s" if extreme => dice.pick(&[&i16::MAX, &i16::MIN]).to_string(),
        "b" if extreme => dice
            .pick(&[&i64::MAX, &i64::MIN, &(i64::MAX / 2)])
            .to_string(),
        "i" | "s" | "b" if dice.percent(2) => {
            dice.pick(&["\"3\"", "2.5", "4.0", "1e30"]).to_owned()
        }
        "i" | "s" | "b" => dice.between(-5, 12).to_string(),
        "x" | "r" if extreme => dice
            .pick(&["\"NaN\"", "\"Infinity\"", "\"-Infinity\"", "-0.0"])
            .to_owned(),
        "x" | "r" => format!("{}.{}", dice.between(-3, 9), dice.below(4) * 25),
        "f" => dice.pick(&["true", "false"]).to_owned(),
        "d" if extreme => dice
            .pick(&["9999999.99", "-9999999.99", "0.001"])
            .to_owned(),
        "d" => format!("{}.{:02}", dice.between(-3, 9), dice.below(100)),
        _ => dice
            .pick(&["\"2001-01-01\"", "\"2001-01-05\"", "\"1969-12-31\""])
            .to_owned(),
    }
}
