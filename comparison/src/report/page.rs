//! One self-contained page: text, tables and figures that need no network.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::figure::{Figure, Knob};

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: &str = include_str!("../../assets/page.js");
/// MIT licence, named in its first lines.
const PLOTLY: &str = include_str!("../../assets/plotly-basic.min.js");

/// A page.
#[derive(Clone, Debug)]
pub struct Page {
    /// What it is about.
    pub title: String,
    /// The command that makes it.
    pub command: String,
    /// What it shows, from top to bottom.
    pub sections: Vec<Section>,
}

/// A part of a page under a heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// Its name in links, unique in the page.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What is in it.
    pub blocks: Vec<Block>,
}

/// Text, a table or a figure.
#[derive(Clone, Debug)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Markup that is known to be safe.
    Markup(String),
    /// Commands.
    Commands(String),
    /// A table.
    Sheet(Sheet),
    /// A figure.
    Figure(Figure),
}

/// A table with a caption.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The command that repeats it.
    pub command: String,
    /// The names of the columns.
    pub header: Vec<String>,
    /// The cells.
    pub rows: Vec<Vec<String>>,
    /// Whether cells are words, which stand to the left.
    pub words: bool,
}

impl Page {
    /// The page as one file of HTML.
    pub fn html(&self) -> String {
        let figures: Vec<Value> = self.figures().map(Figure::json).collect();
        // Within a script element nothing but its end tag has a meaning.
        let figures = json!(figures).to_string().replace("</", "<\\/");
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:";
                    link rel="icon" href="data:,";
                    title { (self.title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    h1 { (self.title) }
                    nav { @for section in &self.sections { a href={ "#" (section.id) } { (section.title) } } }
                    code.again { (self.command) }
                    @for section in &self.sections { (section_of(section)) }
                    footer.note { p { "Made by seam. This page loads nothing: figures are drawn by plotly.js, which is in it (MIT licence, © Plotly, Inc.)." } }
                    script type="application/json" id="figures" { (PreEscaped(figures)) }
                    script { (PreEscaped(PLOTLY)) }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        page.into_string()
    }

    /// All that the page shows, for programs.
    pub fn json(&self) -> Value {
        let block = |block: &Block| match block {
            Block::Text(text) | Block::Markup(text) => json!({"text": text}),
            Block::Commands(text) => json!({"commands": text}),
            Block::Sheet(sheet) => json!({
                "table": sheet.title, "caption": sheet.caption, "command": sheet.command,
                "header": sheet.header, "rows": sheet.rows,
            }),
            Block::Figure(figure) => json!({"figure": figure.json()}),
        };
        let sections = self.sections.iter().map(|section| {
            let blocks: Vec<Value> = section.blocks.iter().map(block).collect();
            json!({"id": section.id, "title": section.title, "blocks": blocks})
        });
        json!({
            "title": self.title,
            "command": self.command,
            "sections": sections.collect::<Vec<_>>(),
        })
    }

    fn figures(&self) -> impl Iterator<Item = &Figure> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        blocks.filter_map(|block| match block {
            Block::Figure(figure) => Some(figure),
            _ => None,
        })
    }
}

fn section_of(section: &Section) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.title) }
            @for block in &section.blocks {
                @match block {
                    Block::Text(text) => p { (text) },
                    Block::Markup(markup) => (PreEscaped(markup)),
                    Block::Commands(commands) => pre { code { (commands) } },
                    Block::Sheet(sheet) => (sheet_of(sheet)),
                    Block::Figure(figure) => (figure_of(figure)),
                }
            }
        }
    }
}

fn sheet_of(sheet: &Sheet) -> Markup {
    html! {
        h3 { (sheet.title) }
        div.scroll {
            table.words[sheet.words] {
                thead { tr { @for name in &sheet.header { th { (name) } } } }
                tbody { @for row in &sheet.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
        p.note { (sheet.caption) }
        code.again { (sheet.command) }
    }
}

fn figure_of(figure: &Figure) -> Markup {
    html! {
        figure {
            h3 { (figure.title) }
            div.knobs { @for (number, knob) in figure.knobs.iter().enumerate() { (knob_of(&figure.id, number, knob)) } }
            p.says id={ (figure.id) "-says" } { (figure.frames.first().map_or("", |frame| &frame.says)) }
            div.plot id=(figure.id) role="img" aria-label=(figure.title) {}
            figcaption { (figure.caption) }
            code.again { (figure.command) }
        }
    }
}

fn knob_of(figure: &str, number: usize, knob: &Knob) -> Markup {
    let id = format!("{figure}-knob-{number}");
    html! {
        label {
            (knob.label)
            @if knob.ordered {
                input type="range" id=(id) min="0" max=(knob.positions.len().saturating_sub(1)) value=(knob.start) autocomplete="off";
                output id={ (figure) "-at-" (number) } { (knob.positions.get(knob.start).map_or("", String::as_str)) }
            } @else {
                select id=(id) autocomplete="off" {
                    @for (position, label) in knob.positions.iter().enumerate() {
                        option value=(position) selected[position == knob.start] { (label) }
                    }
                }
            }
        }
    }
}
