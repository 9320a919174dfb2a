//! The text of a lesson, in parts.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

/// What must be in a lesson, in this order.
const PARTS: [&str; 8] = [
    "Story",
    "Predict",
    "Knob",
    "Run",
    "Picture",
    "Fix",
    "Exercise",
    "Who has it",
];

/// A lesson: a heading, and parts in Markdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lesson {
    /// Its heading, without its name.
    pub title: String,
    /// Its parts with their headings, in order.
    pub parts: Vec<(String, String)>,
    /// What is to be corrected: `name = value`, a line each.
    pub exercise: String,
}

impl Lesson {
    pub(super) fn parse(text: &str) -> Self {
        let mut lesson = Self::default();
        for part in text.split("\n## ") {
            let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
            match heading.strip_prefix("# ") {
                Some(heading) => {
                    let title = heading
                        .split_once(" · ")
                        .map_or(heading, |(_, title)| title);
                    title.clone_into(&mut lesson.title);
                }
                None => lesson
                    .parts
                    .push((heading.to_owned(), body.trim().to_owned())),
            }
        }
        let exercise = lesson.part("Exercise").split_once("```exercise\n");
        let exercise = exercise.and_then(|(_, rest)| rest.split_once("```"));
        lesson.exercise = exercise.map_or_else(String::new, |(lines, _)| lines.to_owned());
        lesson
    }

    /// The text under a heading.
    pub fn part(&self, heading: &str) -> &str {
        let found = self.parts.iter().find(|(name, _)| name == heading);
        found.map_or("", |(_, text)| text)
    }

    /// Whether all parts are there.
    pub fn is_whole(&self) -> bool {
        let names: Vec<&str> = self.parts.iter().map(|(name, _)| name.as_str()).collect();
        names == PARTS
            && self.parts.iter().all(|(_, text)| !text.is_empty())
            && !self.exercise.is_empty()
    }
}

/// Markdown as HTML; raw HTML in it is shown as text.
pub(super) fn markup(text: &str) -> String {
    let events = Parser::new(text).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        other => other,
    });
    let mut page = String::new();
    html::push_html(&mut page, events);
    page
}
