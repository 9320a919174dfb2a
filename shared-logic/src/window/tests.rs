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
fn slices_are_as_wide_as_size_and_slide_allow() {
    let width = |size, slide| {
        let window = Window::Hop {
            size,
            slide,
            offset: 0,
        };
        window.grid().map(|(width, _)| width)
    };
    assert_eq!(width(60, 10), Some(10));
    assert_eq!(width(9, 6), Some(3));
    assert_eq!(width(5, 3), Some(1));
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

/// The windows of `time`, found by trying every start near it, whether it is a timestamp or not.
fn tried(window: Window, time: i64) -> Vec<(i128, i128)> {
    let time = i128::from(time);
    let starts =
        |from: i128, every: i64, offset: i64| (from - i128::from(offset)) % i128::from(every) == 0;
    let mut found = vec![];
    for from in time - 100..=time {
        let lengths: Vec<i64> = match window {
            Window::Tumble { size, offset } if starts(from, size, offset) => vec![size],
            Window::Hop {
                size,
                slide,
                offset,
            } if starts(from, slide, offset) => vec![size],
            Window::Cumulate { size, step, offset } if starts(from, size, offset) => {
                (1..=size / step).map(|n| n * step).collect()
            }
            _ => vec![],
        };
        let ends = lengths.into_iter().map(|length| from + i128::from(length));
        found.extend(ends.filter(|end| time < *end).map(|end| (from, end)));
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
        let wide = |(from, to): (EventTime, EventTime)| (i128::from(from.0), i128::from(to.0));
        let windows: Vec<(i128, i128)> =
            window.windows(slice.start).into_iter().map(wide).collect();
        prop_assert_eq!(&windows, &tried(window, time));
        prop_assert_eq!(
            window.last_end(EventTime(time)).map(|end| i128::from(end.0)),
            windows.iter().map(|(_, to)| *to).max()
        );
    }

    #[test]
    fn the_overlap_is_the_most_windows_that_a_slice_is_in(window in any_window()) {
        let slices = (0..400).filter_map(|time| window.slice(EventTime(time)));
        let most = slices.map(|slice| window.windows(slice.start).len()).max();
        prop_assert_eq!(most.map(|most| most as i64), Some(window.overlap()));
    }

    /// Nowhere else is an event refused, and there always.
    #[test]
    fn a_slice_is_where_all_its_windows_are_timestamps(
        window in any_window(),
        from_the_end in 0_i64..60,
        first: bool,
    ) {
        let time = match first {
            true => i64::MIN + from_the_end,
            false => i64::MAX - from_the_end,
        };
        let fits = |bound: i128| i64::try_from(bound).is_ok();
        let all = tried(window, time).into_iter().all(|(from, to)| fits(from) && fits(to));
        prop_assert_eq!(window.slice(EventTime(time)).is_some(), all);
    }
}
