//! Every example runs, and its own assertions hold.
#![allow(clippy::indexing_slicing)]

#[path = "../examples/deduplicate.rs"]
mod deduplicate;
#[path = "../examples/embed.rs"]
mod embed;
#[path = "../examples/funnel.rs"]
mod funnel;
#[path = "../examples/gaps.rs"]
mod gaps;
#[cfg(feature = "layers")]
#[path = "../examples/layers.rs"]
mod layers;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[test]
fn a_view_is_embedded() -> Outcome {
    embed::main()
}

#[test]
fn duplicates_are_dropped() -> Outcome {
    deduplicate::main()
}

#[test]
fn gaps_are_found() -> Outcome {
    gaps::main()
}

#[test]
fn a_funnel_is_followed() -> Outcome {
    funnel::main()
}

#[cfg(feature = "layers")]
#[test]
fn two_layers_give_one_answer() -> Outcome {
    layers::main()
}

#[test]
fn the_example_of_embedding_is_short() {
    let lines = include_str!("../examples/embed.rs").lines().count();
    assert!(lines < 60, "{lines} lines");
}
