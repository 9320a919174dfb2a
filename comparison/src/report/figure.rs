//! A figure: knobs, and a frame that was computed for every position of them.

use serde_json::{Value, json};

/// A picture with its caption and the command that repeats it.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Its name in the page, unique there: letters, digits and dashes.
    pub id: String,
    /// What it shows.
    pub title: String,
    /// How to read it, and what of the data was left out of it.
    pub caption: String,
    /// The command that repeats it.
    pub command: String,
    /// What can be chosen; without knobs there is one frame.
    pub knobs: Vec<Knob>,
    /// Groups of traces that frames share.
    pub bases: Vec<Vec<Value>>,
    /// A frame for each position of the knobs, the last knob running fastest.
    pub frames: Vec<Frame>,
    /// Plotly's layout. A colour `@double` is the one of that name in the style sheet.
    pub layout: Value,
}

/// One thing to turn.
#[derive(Clone, Debug)]
pub struct Knob {
    /// What is chosen.
    pub label: String,
    /// What each position is called.
    pub positions: Vec<String>,
    /// Whether the positions have an order, so that a slider fits.
    pub ordered: bool,
    /// The position that is shown first.
    pub start: usize,
}

/// What a figure shows at one position of its knobs.
#[derive(Clone, Debug, Default)]
pub struct Frame {
    /// Which of the figure's groups of traces is below.
    pub base: usize,
    /// The traces of this frame alone, in Plotly's form.
    pub traces: Vec<Value>,
    /// The one sentence to read.
    pub says: String,
    /// What is other in the layout.
    pub layout: Value,
}

impl Figure {
    /// What the page's script and whoever reads the JSON gets.
    pub fn json(&self) -> Value {
        let knobs = self
            .knobs
            .iter()
            .map(|knob| json!({"label": knob.label, "positions": knob.positions}));
        let frames = self.frames.iter().map(|frame| {
            json!({
                "base": frame.base, "traces": frame.traces, "says": frame.says, "layout": frame.layout,
            })
        });
        json!({
            "id": self.id,
            "title": self.title,
            "caption": self.caption,
            "command": self.command,
            "knobs": knobs.collect::<Vec<_>>(),
            "bases": self.bases,
            "frames": frames.collect::<Vec<_>>(),
            "layout": self.layout,
        })
    }
}
