#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn tumble(size: i64, offset: i64) -> Window {
    Window::Tumble { size, offset }
}

fn start(window: Window, time: i64) -> Option<i64> {
    window.slice(EventTime(time)).map(|slice| slice.start.0)
}

#[test]
fn windows_floor_on_both_sides_of_1970() {
    let starts = [-11, -10, -1, 0, 9, 10].map(|time| start(tumble(10, 0), time));
    assert_eq!(
        starts,
        [Some(-20), Some(-10), Some(-10), Some(0), Some(0), Some(10)]
    );
}

#[test]
fn an_offset_moves_every_window() {
    assert_eq!(start(tumble(10, 3), 2), Some(-7));
    assert_eq!(start(tumble(10, 3), 3), Some(3));
}

#[test]
fn the_ends_of_time_have_no_window() {
    let windows = [
        tumble(10, 0),
        Window::Hop {
            size: 10,
            slide: 5,
            offset: 0,
        },
        Window::Cumulate {
            size: 10,
            step: 5,
            offset: 0,
        },
    ];
    for window in windows {
        assert_eq!(start(window, i64::MIN), None);
        assert_eq!(start(window, i64::MAX), None);
    }
    assert_eq!(start(Window::Session { gap: 1 }, i64::MAX), None);
}

/// Found by random views: the slice was refused where a window of full length before it would not
/// have fitted, although the event is in no such window.
#[test]
fn near_the_ends_of_time_an_event_counts_where_its_windows_fit() {
    let hop = Window::Hop {
        size: 7,
        slide: 7,
        offset: 0,
    };
    let first = i64::MIN + 1;
    assert_eq!(hop.windows(EventTime(first)).len(), 1);
    assert_eq!(start(hop, first - 1), None);
    assert_eq!(start(hop, first), Some(first));
    let cumulate = Window::Cumulate {
        size: 25,
        step: 5,
        offset: 0,
    };
    let last = i64::MAX - 8;
    assert_eq!(start(cumulate, last), Some(last - 4));
    assert_eq!(start(cumulate, last + 1), None);
    assert_eq!(start(tumble(10, 9), i64::MIN + 7), Some(i64::MIN + 7));
}

/// The windows of `time`, found by trying every start near it.
fn tried(window: Window, time: i64) -> Vec<(i64, i64)> {
    let mut found = vec![];
    for from in time - 100..=time {
        let lengths: Vec<i64> = match window {
            Window::Tumble { size, offset } if (from - offset) % size == 0 => vec![size],
            Window::Hop {
                size,
                slide,
                offset,
            } if (from - offset) % slide == 0 => vec![size],
            Window::Cumulate { size, step, offset } if (from - offset) % size == 0 => {
                (1..=size / step).map(|n| n * step).collect()
            }
            _ => vec![],
        };
        let holds = lengths.into_iter().filter(|length| time < from + length);
        found.extend(holds.map(|length| (from, from + length)));
    }
    found.sort_unstable();
    found
}

fn any_window() -> impl Strategy<Value = Window> {
    (1_i64..20, 1_i64..8, 0_i64..100, 0_u8..3).prop_map(|(size, part, offset, kind)| match kind {
        0 => tumble(size, offset % size),
        1 => {
            let slide = part.min(size);
            Window::Hop {
                size,
                slide,
                offset: offset % slide,
            }
        }
        _ => Window::Cumulate {
            size: part * (size / part).max(1),
            step: part,
            offset: offset % (part * (size / part).max(1)),
        },
    })
}

proptest! {
    #[test]
    fn the_windows_of_a_slice_are_those_of_its_events(window in any_window(), time in -60_i64..60) {
        let slice = window.slice(EventTime(time)).unwrap();
        prop_assert!(slice.start.0 <= time && time < slice.end.0);
        let windows: Vec<(i64, i64)> =
            window.windows(slice.start).into_iter().map(|(from, to)| (from.0, to.0)).collect();
        prop_assert_eq!(&windows, &tried(window, time));
        prop_assert!(windows.len() as i64 <= window.overlap());
        prop_assert_eq!(
            window.last_end(EventTime(time)).map(|end| end.0),
            windows.iter().map(|(_, to)| *to).max()
        );
    }
}
