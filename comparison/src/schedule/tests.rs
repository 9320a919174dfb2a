#![allow(clippy::unwrap_used)]

use super::*;

fn said(text: &str) -> String {
    text.parse::<Schedule>().unwrap_err().to_string()
}

#[test]
fn every_clause_is_read_and_shown_in_one_form() {
    let text = "rate 100/s for 10m, late 5% by 30s..5m, late 0.25% by 0s..1h, burst 2000 at 3m, \
        boundary 7 at 5m, hot k1 40%, keys 5, partitions 3, values 1000, null 2%, broken 1%, \
        batch every 5m takes 90s fails 2,3 lands-half 4 late 5 by 2m, checkpoint 20s, keep 15m, \
        retain 20m, delivery at-least-once, crash seal at 4m, crash fold at 6m, restart 7s, \
        replay at 8m rate 500/s interleaved chunk 64, ask every 30s, seed 7";
    let schedule: Schedule = text.parse().unwrap();
    assert_eq!(schedule.to_string(), text);
    assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
    assert_eq!(schedule.batch.fails, [2, 3].into());
    assert_eq!(schedule.source.hot.first().unwrap().share, Share(4000));
}

#[test]
fn the_usual_schedule_is_said_with_nothing() {
    assert_eq!("".parse::<Schedule>().unwrap(), Schedule::default());
    let usual = Schedule::default().to_string();
    assert_eq!(usual.parse::<Schedule>().unwrap(), Schedule::default());
    let never: Schedule = "batch never,  batch".parse().unwrap_or_default();
    assert_eq!(never, Schedule::default());
    let at: Schedule = "batch at 5m,9m takes 0s".parse().unwrap();
    assert!(at.to_string().contains("batch at 5m,9m takes 0s"));
}

#[test]
fn what_is_wrong_is_told_in_one_line_with_its_place() {
    for (text, told) in [
        (
            "rate 100/d",
            "schedule, column 6: \"100/d\" is not a rate such as 100/s, 30/m or 5/h",
        ),
        (
            "rate 0/s",
            "schedule, column 6: \"0/s\" is not a rate such as 100/s, 30/m or 5/h",
        ),
        (
            "seed 1, late 5% after",
            "schedule, column 17: \"after\" is not \"by\"",
        ),
        (
            "late 5%",
            "schedule, column 8: \"by\" is missing after \"5%\"",
        ),
        (
            "late 5% by 5m..30s",
            "schedule, column 12: \"5m..30s\" is not a range of durations such as 30s..5m",
        ),
        (
            "late 60% by 0s..1s, late 60% by 0s..1s",
            "schedule, column 26: \"60%\" is not what is left: all late shares make more than 100%",
        ),
        (
            "batch every 0s",
            "schedule, column 13: \"0s\" is not a duration of at least 1ms",
        ),
        (
            "batch fails 0",
            "schedule, column 13: \"0\" is not the number of a run, or several such as 2,3, counted from 1",
        ),
        (
            "seed 1 seed 2",
            "schedule, column 8: \"seed\" is not expected here: a clause ends with a comma and a space",
        ),
        (
            "seed 1, seed 2",
            "schedule, column 9: \"seed\" is not expected a second time: say it once",
        ),
        (
            "crash boom at 4m",
            "schedule, column 7: \"boom\" is not fold, seal or commit",
        ),
        (
            "hot page 4%",
            "schedule, column 5: \"page\" is not a key such as k1",
        ),
    ] {
        assert_eq!(said(text), told, "{text}");
    }
    assert!(said("naps 3").starts_with("schedule, column 1: \"naps\" is not a clause: rate, late"));
}
